--- Params, parts, search path, and the explanation of every setting.

local explain = require "lorarun.explain"
local help = require "lorarun.help"
local params = require "lorarun.params"
local recipe = require "lorarun.recipe"
local recipe_parts = require "lorarun.recipe_parts"
local recipe_search = require "lorarun.recipe_search"

local system = lorarun.system

local TEXT = [[
local p = params {
  rank = { type = "integer", default = 16, min = 1, max = 64, doc = "rank of the LoRA" },
  photos = { type = "path", required = true, doc = "folder of pictures" },
  fast = { type = "flag", default = false },
}
local curves = require "parts.curves"
return recipe {
  steps = 100, seed = 7,
  model = flux { path = "base" },
  network = lora { rank = p.rank },
  data = { images { dir = p.photos } },
  clip = curves.clip,
  save = { every = 20 },
}
]]

local PARTS = { ["parts/curves.lua"] = "return { clip = require 'parts.deep.more' }\n", ["parts/deep/more.lua"] = "return 0.25\n" }

local function folder_with(texts)
  local folder = os.tmpname() .. ".d"
  for path, text in pairs(texts) do
    system.make_folder((folder .. "/" .. path):match("^(.*)/"))
    system.write(folder .. "/" .. path, text)
  end
  return folder
end

local function example()
  local texts = { ["recipe.lua"] = TEXT }
  for path, text in pairs(PARTS) do texts[path] = text end
  return folder_with(texts) .. "/recipe.lua"
end

local function row(rows, name)
  for _, one in ipairs(rows) do
    if one.name == name then return one end
  end
end

test("--set and a flag of its own both set a declared param", function(t)
  local path = example()
  t.equal(recipe.open { recipe = path, set = { { "photos", "x" }, { "rank", "8" } } }.settings.network.rank, 8)
  t.equal(recipe.open { recipe = path, flags = { { "photos", "x" }, { "rank", "8" } } }.settings.network.rank, 8)
  t.equal(recipe.open { recipe = path, set = { { "photos", "x" } } }.settings.network.rank, 16)
end)

test("a path that is given is meant from the current folder", function(t)
  local opened = recipe.open { recipe = example(), set = { { "photos", "." } } }
  t.equal(opened.settings.data[1].dir, system.absolute("."))
  t.equal(opened.given.set, { { "photos", system.absolute(".") } })
end)

test("params that are missing, wrong or unknown are refused", function(t)
  local path = example()
  t.fails(function() recipe.open { recipe = path } end, "needs a value for 'photos'")
  t.fails(function() recipe.open { recipe = path, set = { { "photos", "x" }, { "rank", "100" } } } end, "from 1 to 64")
  t.fails(function() recipe.open { recipe = path, flags = { { "photos", "x" }, { "rnk", "8" } } } end, "did you mean '--rank'")
  t.fails(function() recipe.open { recipe = path, set = { { "photos", "x" }, { "rnk", "8" } } } end, "unknown setting 'rnk'")
end)

test("--help lists the params with type, default, range and meaning", function(t)
  local lines = params.lines(recipe.declare { recipe = example(), lenient = true }.params)
  t.ok(lines[2]:find("--fast", 1, true) and lines[2]:find("flag", 1, true))
  t.ok(lines[3]:find("--photos", 1, true) and lines[3]:find("required", 1, true))
  t.ok(lines[4]:find("rank of the LoRA (1 to 64)", 1, true))
  t.ok(#help.lines() > 50)
end)

test("a recipe and its parts are one text, one hash", function(t)
  local path = example()
  local opened = recipe.open { recipe = path, set = { { "photos", "x" } } }
  t.equal(opened.settings.clip, 0.25)
  t.equal(#opened.part_files, 2)
  local text, parts = recipe_parts.split(opened.text)
  t.equal(text, TEXT)
  t.equal(parts, { ["parts.curves"] = PARTS["parts/curves.lua"], ["parts.deep.more"] = PARTS["parts/deep/more.lua"] })
  system.write(path:match("^(.*)/") .. "/parts/deep/more.lua", "return 0.5\n")
  t.ok(recipe.open { recipe = path, set = { { "photos", "x" } } }.hash ~= opened.hash)
end)

test("a text that was kept brings its parts along", function(t)
  local opened = recipe.open { recipe = example(), set = { { "photos", "x" } } }
  local again = recipe.open { recipe = "/nowhere/recipe.lua", text = opened.text, set = { { "photos", "x" } } }
  t.equal({ again.hash, again.settings.clip }, { opened.hash, 0.25 })
end)

test("a part outside of the recipe's folder is not read", function(t)
  local folder = folder_with { ["inside/recipe.lua"] = 'local x = require "..secret"\nreturn recipe {}', ["secret.lua"] = "return 1" }
  t.fails(function() recipe.open { recipe = folder .. "/inside/recipe.lua" } end, "no part")
end)

test("a bare word is a recipe of the program", function(t)
  t.equal(recipe_search.find("flux_character"), system.share() .. "/recipes/flux_character.lua")
  t.equal(recipe_search.find("no_such_recipe"), "no_such_recipe")
  t.equal(recipe_search.check { word = "flux_style" }, 0)
  t.equal(recipe_search.check { word = "no_such_recipe" }, 1)
end)

test("every setting in force says where it comes from and whether it can change", function(t)
  local options = { recipe = example(), set = { { "photos", "x" }, { "optimizer.lr", "3e-5" } }, steps = 50 }
  local opened = recipe.open(options)
  local rows = explain.rows(opened, options)
  local function says(name, from, change)
    local one = row(rows, name)
    t.ok(one, name)
    t.equal({ one.from, one.change }, { from, change })
  end
  says("steps", "command line", "reload")
  says("seed", "recipe:8", "never")
  says("optimizer.lr", "command line", "live, as lr")
  says("network.rank", "params.rank", "never")
  says("data[1].dir", "params.photos", "never")
  says("save.every", "recipe:13", "live, as save")
  says("clip", "recipe:12", "live")
  says("ema", "default", "live")
  says("batch", "default", "never")
  t.equal(row(rows, "steps").unit, "steps")
end)

test("the explanation names what has no effect", function(t)
  local folder = folder_with { ["recipe.lua"] = [[return recipe { steps = 1, noise_offset = 1, model = flux { path = "b" },
    network = lora {}, data = { images { dir = "d" } } }]] }
  local options = { recipe = folder .. "/recipe.lua" }
  t.ok(explain.text(recipe.open(options), options):find("noise_offset has no effect", 1, true))
end)
