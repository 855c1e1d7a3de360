--- What people bring from other trainers, other systems and their own habits, and what they are told.

local check = require "lorarun.check"
local recipe = require "lorarun.recipe"
local spellings = require "lorarun.spellings"
local tables = require "lorarun.tables"
local tweaks = require "lorarun.tweaks"

local system = lorarun.system

local BASE = { steps = "10", model = 'flux { path = "base" }', network = "lora { rank = 4 }", data = '{ images { dir = "photos" } }' }

--- A recipe with `extra` in it, in the place of what it says anew.
local function text_with(extra)
  local lines = { extra }
  for _, key in ipairs(tables.sorted_keys(BASE)) do
    if not (" " .. extra):find("[ ,]" .. key .. " = ") then lines[#lines + 1] = key .. " = " .. BASE[key] .. "," end
  end
  return "return recipe {\n" .. table.concat(lines, "\n") .. "\n}"
end

local function with_file(name, text, f)
  local folder = system.temporary_folder()
  system.write(folder .. "/" .. name, text)
  local done, result = pcall(f, folder .. "/" .. name, folder)
  system.remove(folder)
  if not done then error(result, 0) end
  return result
end

local function open_text(text, options)
  return with_file("r.lua", text, function(path)
    options = options or {}
    options.recipe = path
    return recipe.open(options)
  end)
end

local function open(extra, options) return open_text(text_with(extra or ""), options) end

--- Opens a file as a recipe; gives the error.
local function refused(t, name, text, part)
  local problem = t.fails(function() with_file(name, text, function(path) return recipe.open { recipe = path } end) end, part)
  t.ok(problem.what and problem.where and problem.fix, "what, where and fix")
  t.equal(problem.exit_code, 2)
  return problem
end

test("a file of weights or a picture that is given as a recipe is called what it is", function(t)
  local weights = refused(t, "a.safetensors", "\8\0\0\0\0\0\0\0{}\255", "this is a file of weights, not a recipe")
  t.ok(weights.fix:find("lorarun inspect", 1, true))
  t.ok(refused(t, "a.PNG", "\137PNG", "this is a picture, not a recipe").fix:find("--data", 1, true))
  refused(t, "weights", "\1\2\0\255", "this is no text")
end)

test("a job of ai-toolkit is named, and its settings in the names that they have here", function(t)
  local job = 'job: extension\nconfig:\n  process:\n    - type: "sd_trainer"\n      network:\n        type: "lora"\n' ..
    '        linear: 16\n      train:\n        batch_size: 1\n        lr: 1e-4\n      folder_path: "/data/anna"\n'
  local problem = refused(t, "job.yaml", job, "this is a job of ai-toolkit, not a recipe")
  for _, part in ipairs { "linear = 16 is network.rank", "lr = 1e-4 is optimizer.lr", "folder_path = /data/anna is data.dir" } do
    t.ok(problem.fix:find(part, 1, true), part)
  end
end)

test("configurations of kohya's scripts, workflows and manifests are named", function(t)
  t.ok(refused(t, "k.toml", 'network_module = "networks.lora_flux"\nnetwork_dim = 16\n', "a configuration of kohya's").fix
    :find("network_dim = 16 is network.rank", 1, true))
  refused(t, "d.toml", "[[datasets]]\nbatch_size = 4\n", "a data set configuration of kohya's")
  refused(t, "w.json", '{"last_node_id": 9}', "a workflow of ComfyUI")
  refused(t, "manifest.json", '{ "recipe": 1, "structure": {} }', "the manifest of a run")
  refused(t, "notes.txt", "a red thing", "a text, perhaps a caption")
end)

test("a recipe may be called anything, and is UTF-8", function(t)
  t.equal(with_file("mine.txt", text_with "-- für Zoë", function(path) return recipe.open { recipe = path } end).settings.steps, 10)
  t.ok(refused(t, "r.lua", "return recipe {\n -- f\252r\n}", "not in UTF-8").where:find("r.lua:2", 1, true))
  refused(t, "r.lua", "\255\254r\0", "in UTF-16")
end)

test("a kind of another trainer is not there yet, and what is there is named", function(t)
  for text, part in pairs {
    ["optimizer = prodigy {},"] = "prodigy: this optimizer is not there yet", ["optimizer = lion {},"] = "lion: this optimizer",
    ["network = lokr { rank = 4 },"] = "lokr: this network is not there yet", ["network = 'LoHa',"] = "LoHa: this network",
    ["model = sdxl { path = 'x' },"] = "sdxl: this model family is not there yet", ["model = sd15 {},"] = "sd15: this model family",
  } do
    local problem = t.fails(function() open(text) end, part)
    t.ok(problem.fix:find("that are there: ", 1, true), problem.fix)
  end
  t.ok(t.fails(function() open "schedule = cosine_with_restarts {}," end).fix:find("cosine_restarts", 1, true))
end)

test("a path without a name is the folder of pictures, or the model's", function(t)
  local opened = open_text('return recipe { steps = 1, model = flux { "/m" }, network = lora {}, data = { images { "/p" } } }')
  t.equal({ opened.settings.model.path, opened.settings.data[1].dir }, { "/m", "/p" })
  t.fails(function() open "network = lora { 16 }," end, "network has a value without a name: 16")
  t.fails(function() open 'data = { images { "a", "b" } },' end, "data[1] has a value without a name: 'a'")
  t.ok(t.fails(function() open 'data = "photos",' end).fix:find('images { dir = "photos" }', 1, true))
  t.ok(t.fails(function() open 'data = { images "photos" },' end).fix:find('images { dir = "photos" }', 1, true))
end)

test("~ is the home folder; paths of Windows and addresses are called so", function(t)
  t.equal(open('data = { images { dir = "~/photos" } },').settings.data[1].dir, os.getenv "HOME" .. "/photos")
  t.ok(t.fails(function() open "data = { images { dir = [[C:\\Users\\me]] } }," end, "a path of Windows").fix
    :find("/mnt/c/Users/me", 1, true))
  t.ok(t.fails(function() open 'data = { images { dir = "C:\\photos" } },' end).fix:find("begins a code", 1, true))
  t.fails(function() open 'model = flux { path = "https://huggingface.co/x" },' end, "is an address")
  t.ok(t.fails(function() open 'model = flux { path = "black-forest-labs/FLUX.1-dev" },' end).fix:find("hf download", 1, true))
end)

local function set_to(name, value) return open("", { set = { { name, value } } }).settings end

test("--set takes the names that people use, and asks where one means several", function(t)
  t.equal(set_to("lr", "1e-3").optimizer.lr, 1e-3)
  t.equal(set_to("learning_rate", "1e-3").optimizer.lr, 1e-3)
  t.equal(set_to("optimizer.learning_rate", "1e-3").optimizer.lr, 1e-3)
  t.equal(set_to("network_dim", "8").network.rank, 8)
  t.equal(set_to("resolution", "64").data[1].resolution, { 64 })
  t.ok(t.fails(function() set_to("dtype", "bf16") end, "more than one setting").fix:find("model.dtype, save.dtype", 1, true))
  t.fails(function() set_to("network.lr", "1") end, "unknown setting 'lr'")
end)

test("a flag is a setting too, and the journal has its full name", function(t)
  local opened = open("", { flags = { { "lr", "1e-3" }, { "rank", "8" } } })
  t.equal({ opened.settings.optimizer.lr, opened.settings.network.rank }, { 1e-3, 8 })
  t.equal(opened.given.set, { { "optimizer.lr", "1e-3" }, { "network.rank", "8" } })
  t.fails(function() open("", { flags = { { "lrr", "1" } } }) end, "unknown flag '--lrr'")
end)

test("a param of the recipe stands before a setting of its name", function(t)
  local opened = open_text('local p = params { lr = { type = "number", default = 1 } }\n' ..
    'return recipe { steps = 1, model = flux { path = "m" }, network = lora { rank = p.lr }, data = { images { dir = "p" } } }',
    { flags = { { "lr", "3" } } })
  t.equal({ opened.settings.network.rank, opened.settings.optimizer.lr }, { 3, 1e-4 })
end)

test("a setting at the wrong place is told where it belongs", function(t)
  t.ok(t.fails(function() open "lr = 1e-3," end).fix:find("did you mean 'optimizer.lr'?", 1, true))
  t.ok(t.fails(function() open "network_dim = 8," end).fix:find("did you mean 'network.rank'?", 1, true))
end)

test("a comma belongs to a prompt, and several prompts are a list in brackets", function(t)
  t.equal(set_to("render.prompts", "a cat, on a mat").render.prompts, { "a cat, on a mat" })
  t.equal(set_to("render.prompts", '["a cat, on a mat", "a dog"]').render.prompts, { "a cat, on a mat", "a dog" })
  t.fails(function() set_to("render.prompts", "[a") end, "is no list")
  t.equal(set_to("network.targets", "attn, ff").network.targets, { "attn", "ff" })
end)

test("a tweak takes the setting's name for the knob's, and keeps the knob's", function(t)
  t.equal({ spellings.knob "optimizer.lr", spellings.knob "unet_lr", spellings.knob "network.dropout", spellings.knob "te_lr",
    spellings.knob "max_grad_norm", spellings.knob "clip_l.lr", spellings.knob "save.every" },
    { "lr", "transformer.lr", "network_dropout", "text_encoder.lr", "clip", "clip_l.lr", "save.every" })
  local run = { name = "run", step = 0, steps = 10, records = { event = function() end } }
  t.equal(tweaks.add(run, { key = "optimizer.lr", value = 1e-3 }).key, "lr")
  t.fails(function() tweaks.add(run, { key = "rank", value = 8 }) end, "network.rank cannot change while training")
  t.ok(t.fails(function() check.knobs({ learning_rate = 1 }, "r.lua") end).fix:find("did you mean 'lr'?", 1, true))
end)

local function declared(extra) return open(extra).settings end

test("false, every = 0 and an empty list of prompts switch pictures off", function(t)
  local prompt = "prompts = { 'a' }"
  t.equal(declared "render = false,".render, nil)
  t.equal(declared("render = { every = 0, " .. prompt .. " },").render, nil)
  for _, off in ipairs { "false", "off", "none", "" } do
    t.equal(open("render = { " .. prompt .. " },", { set = { { "render", off } } }).settings.render, nil)
  end
  t.equal(open("render = { " .. prompt .. " },", { set = { { "render.every", "0" } } }).settings.render, nil)
  local opened = open "render = { prompts = {} },"
  t.equal({ opened.settings.render, opened.warnings[1].key }, { nil, "render.prompts" })
end)

test("evaluations are switched off alike, and a run that saves never saves its last step", function(t)
  t.equal(declared "evaluate = { every = 0, holdout = 1 },".evaluate, nil)
  t.equal(declared "evaluate = false,".evaluate, nil)
  t.equal(declared "save = false,".save.every, 0)
  t.equal(declared "save = { every = 0, keep = 3 },".save, { every = 0, keep = 3, format = "peft", dtype = "float32" })
  t.equal(check.knobs({ render = false, save = { every = 0 } }, "r.lua"), { render = { every = 0 }, save = { every = 0 } })
end)

local function asked(extra)
  local keys = {}
  for i, one in ipairs(open(extra).warnings) do keys[i] = one.key end
  return keys
end

test("nonsense is asked about", function(t)
  t.equal(asked "optimizer = adamw { lr = 1000 },", { "optimizer.lr" })
  t.equal(asked "optimizer = adamw { lr = 0.01, weight_decay = 200 },", { "optimizer.weight_decay" })
  t.equal(asked "network = lora { alpha = 0 },", { "network.alpha" })
  t.equal(asked "data = { images { dir = 'p', resolution = 4000 } },", { "data[1].resolution" })
  t.equal(asked "render = { prompts = { 'a' }, size = { 9000, 9000 } },", { "render.size" })
  t.equal(asked "", {})
  t.fails(function() open "data = { images { dir = 'p', resolution = 100000 } }," end, "from 16 to 16384")
  t.fails(function() open_text((text_with(""):gsub("steps = 10", "epochs = 0"))) end, "epochs = 0 trains nothing")
end)

test("a batch larger than the set is asked about", function(t)
  local folder = system.temporary_folder()
  for i = 1, 3 do system.write(folder .. "/" .. i .. ".png", "") end
  t.equal(asked(("batch = 4, data = { images { dir = '%s' } },"):format(folder)), { "batch" })
  t.equal(asked(("batch = 4, data = { images { dir = '%s', repeats = 2 } },"):format(folder)), {})
  system.remove(folder)
end)

test("prompts that never name the trigger are asked about; a trigger is a word", function(t)
  local data = "data = { images { dir = 'p', trigger = 'ann' } }, render = { prompts = { %s } },"
  t.equal(asked(data:format "'a woman planning'"), { "render.prompts" })
  t.equal(asked(data:format "'a woman', 'ann, in the rain'"), {})
end)

test("a data type that no model computes with, and lists of another length, are refused before anything is opened", function(t)
  t.ok(t.fails(function() set_to("model.dtype", "fp8") end, "model.dtype = 'fp8' is unknown").fix:find("bf16", 1, true))
  t.equal(set_to("model.dtype", "fp16").model.dtype, "fp16")
  t.fails(function() set_to("optimizer.betas", "0.9") end, "it must be 2 numbers: { 0.9, 0.999 }")
  t.fails(function() open("render = { prompts = { 'a' }, size = { 64, 64, 64 } },") end, "it must be 2 numbers")
  t.fails(function() set_to("data.background", "white") end, "it must be 3 numbers")
end)

test("trigger and class are filled into prompts as into captions", function(t)
  local opened = open [[data = { images { dir = 'p', prior = true }, images { dir = 'q', trigger = 'an%1q', class = 'man' } },
    render = { prompts = { '{trigger}, a {class} with {braces}' } },]]
  t.equal(opened.settings.render.prompts, { "an%1q, a man with {braces}" })
  t.equal(opened.warnings, {})
end)
