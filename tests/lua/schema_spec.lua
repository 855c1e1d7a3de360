--- Recipes against the schema: defaults, the command line, and every kind of mistake.

local check = require "lorarun.check"
local recipe = require "lorarun.recipe"
local schema = require "lorarun.schema"
local run_folder = require "lorarun.run_folder"

local BASE = [[return recipe {
  steps = 10,
  model = flux { path = "base" },
  network = lora { rank = 4 },
  data = { images { dir = "photos" }, images { dir = "more", prior = true } },
  %s
}]]

local function open(extra, options)
  local path = os.tmpname() .. ".lua"
  lorarun.system.write(path, BASE:format(extra or ""))
  options = options or {}
  options.recipe = path
  local done, result = pcall(recipe.open, options)
  os.remove(path)
  if not done then error(result, 0) end
  return result.settings, path
end

local function refused(t, extra, part)
  local problem = t.fails(function() open(extra) end, part)
  t.equal(problem.exit_code, 2)
  t.ok(problem.where, "the error says where")
end

test("defaults are filled in and alpha follows the rank", function(t)
  local s = open()
  t.equal(s.seed, 42)
  t.equal(s.network.alpha, 4)
  t.equal(s.optimizer.kind, "adamw")
  t.equal(s.optimizer.lr, 1e-4)
  t.equal(s.timesteps.kind, "sigmoid")
  t.equal(s.data[1].resolution, { 512 })
  t.equal(s.save.every, 250)
  t.ok(s.render == nil)
end)

test("relative paths are relative to the recipe's folder", function(t)
  local s, path = open()
  local folder = path:match("^(.*)/")
  t.equal(s.model.path, folder .. "/base")
  t.equal(s.data[2].dir, folder .. "/more")
end)

test("a number stands for a list of one", function(t)
  t.equal(open("").data[1].resolution, { 512 })
  t.equal(open("render = { prompts = 'a photo' }").render.prompts, { "a photo" })
end)

test("--set changes settings, data.KEY all sets and data.N.KEY one", function(t)
  local s = open("", { set = { { "optimizer.lr", "5e-5" }, { "data.repeats", "3" }, { "data.2.weight", "0.5" },
    { "network.targets", "attn,ff" }, { "data.1.resolution", "512,768" } } })
  t.equal(s.optimizer.lr, 5e-5)
  t.equal(s.data[1].repeats, 3)
  t.equal(s.data[2].repeats, 3)
  t.equal(s.data[1].weight, 1)
  t.equal(s.data[2].weight, 0.5)
  t.equal(s.network.targets, { "attn", "ff" })
  t.equal(s.data[1].resolution, { 512, 768 })
end)

test("--steps, --seed and --name win over the recipe", function(t)
  local s = open("", { steps = 3, seed = 9, name = "other" })
  t.equal({ s.steps, s.seed, s.name }, { 3, 9, "other" })
end)

test("--set of an unknown key is refused with the nearest", function(t)
  t.fails(function() open("", { set = { { "optimizer.lrr", "1" } } }) end, "did you mean 'lr'")
end)

test("an unknown key names where and the nearest", function(t)
  refused(t, "sed = 3,", "did you mean 'seed'")
  refused(t, "optimizer = adamw { learning_rate = 1 },", "unknown setting 'learning_rate'")
end)

local function warnings(extra)
  local path = os.tmpname() .. ".lua"
  lorarun.system.write(path, BASE:format(extra))
  local opened = recipe.open { recipe = path }
  os.remove(path)
  local keys = {}
  for i, one in ipairs(opened.warnings) do keys[i] = one.key end
  return keys, opened
end

test("settings of other trainers that would do nothing are kept out, with a warning", function(t)
  local keys, opened = warnings("noise_offset = 0.1, loss = mse { min_snr_gamma = 5 },")
  t.equal(keys, { "loss.min_snr_gamma", "noise_offset" })
  t.ok(opened.settings.noise_offset == nil and opened.settings.loss.min_snr_gamma == nil)
  t.ok(opened.warnings[1].why:find("no signal-to-noise weighting", 1, true))
  t.fails(function() check.knobs({ noise_offset = 0.1 }, "r.lua") end, "noise_offset has no effect")
end)

test("guidance does nothing on a base that embeds none", function(t)
  local base = os.tmpname() .. ".d"
  lorarun.system.make_folder(base .. "/transformer")
  lorarun.system.write(base .. "/transformer/config.json", '{"guidance_embeds": false}')
  local keys = warnings(("model = flux { path = '%s' }, guidance = 1, render = { prompts = { 'a' }, guidance = 3 },"):format(base))
  t.equal(keys, { "guidance", "render.guidance" })
end)

test("known settings that do nothing as they stand are named", function(t)
  t.equal(warnings("timesteps = sigmoid { shift = 3 }, loss = mae { delta = 0.2 },"), { "timesteps.shift", "loss.delta" })
  t.equal(warnings("timesteps = shifted { shift = 3 }, loss = huber { delta = 0.2 },"), {})
  t.equal(warnings("optimizer = sgd { betas = { 0.9, 0.99 } },"), { "optimizer.betas" })
  t.equal(warnings("render = { prompts = { 'a' }, negative = 'blur' },"), { "render.negative" })
  t.equal(warnings("render = { prompts = { 'a' }, negative = 'blur', true_cfg = 4 },"), {})
  t.equal(warnings("ema = 1, epochs = 3,"), { "ema", "epochs" })
end)

test("what is not there yet is said plainly", function(t)
  refused(t, "masks = true,", "masked training is not there yet")
end)

test("wrong types say what is expected", function(t)
  refused(t, "batch = 'two',", "batch is the text 'two'; it must be a whole number of at least 1")
  refused(t, "batch = 1.5,", "it must be a whole number")
  refused(t, "save = 3,", "it must be a table")
  refused(t, "optimizer = adamw { lr = 0/0 },", "optimizer.lr is not a finite number")
  refused(t, "ema = 2,", "from 0 to 1")
  refused(t, "optimizer = adamw { lr = {} },", "optimizer.lr is a table")
end)

test("a number where a table belongs is refused", function(t)
  t.fails(function() check.settings({ steps = 1, model = 3, network = { kind = "lora" }, data = 5 }, "r.lua") end,
    "it must be")
end)

test("a kind of another sort is called by its name", function(t)
  refused(t, "loss = sigmoid {},", "sigmoid is a timesteps, not a loss")
  refused(t, "save = { format = 'kohia' },", "did you mean 'kohya'")
end)

test("a recipe says how long it trains", function(t)
  t.fails(function()
    local path = os.tmpname() .. ".lua"
    lorarun.system.write(path, (BASE:format("")):gsub("steps = 10,", ""))
    recipe.open { recipe = path }
  end, "neither steps nor epochs")
end)

test("knobs take live settings only, finite and in range", function(t)
  t.equal(check.knobs({ lr = 1e-4, clip = 2 }, "r.lua"), { lr = 1e-4, clip = 2 })
  t.equal(check.knobs(nil, "r.lua"), {})
  t.equal(check.knobs({ timesteps = { kind = "uniform" } }, "r.lua").timesteps.kind, "uniform")
  t.fails(function() check.knobs({ lr = 0 / 0 }, "r.lua") end, "lr is nan")
  t.fails(function() check.knobs({ lr = -1 }, "r.lua") end, "at least 0")
  t.fails(function() check.knobs({ batch = 4 }, "r.lua") end, "batch cannot change while training")
  t.fails(function() check.knobs({ learning = 4 }, "r.lua") end, "unknown setting 'learning'")
end)

test("every setting has a type, a text and a parent", function(t)
  for _, s in ipairs(schema.settings) do
    t.ok(s.type and s.doc, s.name)
    local parent = s.name:match("^(.-)%[?%]?%.[^.]+$")
    t.ok(not parent or schema.find(parent), s.name)
  end
end)

test("the structure of a run leaves out what may change", function(t)
  local flat = run_folder.structure { settings = open(), recipe = { base = "base" } }
  t.equal(flat["model.path"], "base")
  t.ok(flat["data[1].dir"] == nil)
  t.equal(flat["network.rank"], 4)
  t.equal(flat["data[1].repeats"], 1)
  t.ok(flat.steps == nil and flat["optimizer.lr"] == nil and flat["save.every"] == nil and flat.clip == nil)
  t.ok(flat["optimizer.weight_decay"] ~= nil)
end)

test("a group of parameters takes a rate, a switch or both", function(t)
  t.equal(check.knobs({ text_encoder = { lr = 1e-5 }, t5 = false }, "r.lua"),
    { text_encoder = { lr = 1e-5 }, t5 = { train = false } })
  t.fails(function() check.knobs({ clip_l = { rate = 1 } }, "r.lua") end, "unknown setting 'rate'")
  t.fails(function() check.knobs({ clip_l = { lr = -1 } }, "r.lua") end, "clip_l.lr is -1")
end)

test("phases are checked as knobs with borders", function(t)
  refused(t, "phases = { phase { form = 0.5, lr = 1 } },", "did you mean 'from'?")
  refused(t, "phases = { phase { from = 0.5, lr = 'x' } },", "phases[1].lr")
  refused(t, "phases = { phase { from = 0.5, network = 1 } },", "network cannot change while training")
end)
