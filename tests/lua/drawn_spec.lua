--- drawn { script = …, count = … }: data sets that one of lorarun's own scripts draws into the cache.

local drawn = require "lorarun.drawn"
local plan = require "lorarun.plan"
local recipe = require "lorarun.recipe"

local system = lorarun.system

local SCRIPT = system.share() .. "/examples/creatures/draw.lua"
local PICTURES = { script = SCRIPT, count = 5, seed = 7, size = 32 }

local function with(changes)
  local set = { kind = "drawn" }
  for key, value in pairs(PICTURES) do set[key] = value end
  for key, value in pairs(changes or {}) do set[key] = value end
  return set
end

local function recipe_with(set)
  local path = system.temporary_folder() .. "/r.lua"
  system.write(path, ("return recipe { steps = 4, model = flux { path = 'base' }, network = lora {}, data = { %s } }"):format(set))
  return path
end

test("a set is drawn into the cache with captions and attributes", function(t)
  local folder = drawn.folder(with(), system.temporary_folder())
  t.equal(#system.list(folder), 5 * 2 + 1)
  t.equal(lorarun.image.info(folder .. "/000004.png").width, 32)
  t.ok(system.read(folder .. "/000000.txt"):find("creature", 1, true))
  local _, lines = system.read(folder .. "/attributes.jsonl"):gsub("\n", "\n")
  t.equal(lines, 5)
end)

test("it is the set that the script draws by itself", function(t)
  local world = dofile(system.share() .. "/examples/creatures/draw/init.lua")("world")
  local folder = drawn.folder(with { first = 40, count = 2, crop = 16 }, system.temporary_folder())
  t.equal(system.read(folder .. "/000041.txt"), world.caption(world.sample(7, 41)) .. "\n")
  t.equal(lorarun.image.info(folder .. "/000041.png").width, 16)
end)

test("a second run finds it drawn", function(t)
  local cache = system.temporary_folder()
  local folder = drawn.folder(with(), cache)
  system.write(folder .. "/000000.txt", "kept")
  t.equal(drawn.folder(with(), cache), folder)
  t.equal(system.read(folder .. "/000000.txt"), "kept")
  t.ok(drawn.folder(with { seed = 8 }, cache) ~= folder)
end)

test("a signal stops the drawing, and the same call goes on with it", function(t)
  local cache, block, signal, looks = system.temporary_folder(), drawn.BLOCK, system.signal, 0
  drawn.BLOCK = 2
  system.signal = function()
    looks = looks + 1
    if looks == 2 then return "SIGTERM", 143 end
  end
  t.fails(function() drawn.folder(with(), cache) end, "stopped by SIGTERM after drawing 2 of 5 pictures")
  t.equal(#system.list(drawn.folder(with(), cache)), 5 * 2 + 1)
  drawn.BLOCK, system.signal = block, signal
end)

test("a set that was being drawn is drawn to its end", function(t)
  local cache, block = system.temporary_folder(), drawn.BLOCK
  drawn.BLOCK = 2
  local folder = drawn.folder(with(), cache)
  local whole = system.read(folder .. "/attributes.jsonl")
  local first_two = whole:match("^[^\n]*\n[^\n]*\n")
  assert(os.rename(folder, folder .. ".part"))
  system.remove(folder .. ".part/attributes.jsonl")
  system.remove(folder .. ".part/000004.png")
  system.write(folder .. ".part/block_000000.jsonl", first_two)
  system.write(folder .. ".part/000000.txt", "kept")
  t.equal(drawn.folder(with(), cache), folder)
  drawn.BLOCK = block
  t.equal(system.read(folder .. "/attributes.jsonl"), whole)
  t.equal(system.read(folder .. "/000000.txt"), "kept")
  t.ok(system.exists(folder .. "/000004.png"))
  t.equal(#system.list(folder), 5 * 2 + 1)
end)

test("a set becomes one of pictures, with what it says of them", function(t)
  local sets = drawn.sets({ with { caption_dropout = 0.1, resolution = { 32 } }, { kind = "images", dir = "x" } },
    system.temporary_folder())
  t.equal(sets[2], { kind = "images", dir = "x" })
  sets[1].dir = "drawn"
  t.equal(sets[1], { kind = "images", dir = "drawn", caption_dropout = 0.1, resolution = { 32 } })
end)

test("a script outside of lorarun's folder is refused", function(t)
  local folder = system.temporary_folder()
  system.write(folder .. "/draw.lua", "error 'it ran'")
  local problem = tostring(t.fails(function() drawn.folder(with { script = folder .. "/draw.lua" }, folder) end,
    "no draw.lua of lorarun's own examples and recipes"))
  t.ok(problem:find("images { dir", 1, true), problem)
  t.fails(function() drawn.folder(with { script = SCRIPT:gsub("creatures", "no_such") }, folder) end, "there is no script")
end)

test("two dots and links lead nowhere else", function(t)
  local folder = system.temporary_folder()
  system.write(folder .. "/draw.lua", "error 'it ran'")
  local out = system.share() .. "/examples/" .. ("../"):rep(12) .. folder:sub(2) .. "/draw.lua"
  t.fails(function() drawn.own_script(out) end, "no draw.lua of lorarun's own")
  t.fails(function() drawn.own_script(system.share() .. "/examples/../lua/lorarun/drawn.lua") end, "no draw.lua of lorarun's own")
  os.execute(("mkdir '%s/other' && ln -s '%s/draw.lua' '%s/other/draw.lua'"):format(folder, folder, folder))
  t.fails(function() drawn.own_script(system.share() .. "/recipes/flux_character.lua") end, "no draw.lua of lorarun's own")
  t.fails(function() drawn.own_script(folder .. "/other/draw.lua") end, "no draw.lua of lorarun's own")
  os.execute(("ln -s '%s' '%s/into'"):format(system.share() .. "/examples", folder))
  t.equal(drawn.own_script(folder .. "/into/creatures/draw.lua"), system.real(SCRIPT))
end)

test("the recipe's script is found from the recipe, and a missing count is named", function(t)
  local path = recipe_with "drawn { script = 'art/draw.lua', count = 20, resolution = 64 }"
  local set = recipe.open({ recipe = path }).settings.data[1]
  t.equal(set.script, path:gsub("/r.lua$", "/art/draw.lua"))
  t.equal({ set.dir, set.seed, set.kind }, { nil, nil, "drawn" })
  t.fails(function() recipe.open { recipe = recipe_with "drawn { script = 'draw.lua' }" } end, "count is missing")
  t.fails(function() recipe.open { recipe = recipe_with "images {}" } end, "dir is missing")
end)

test("a plan draws nothing, and what the other kind reads is named", function(t)
  local opened = recipe.open { recipe = recipe_with "drawn { script = '/tmp/draw.lua', count = 20, dir = 'x' }" }
  t.equal(#opened.warnings, 1)
  t.equal(opened.warnings[1].key, "data[1].dir")
  t.ok(plan.of(opened, { steps = 4 }))
  t.equal(#recipe.open({ recipe = recipe_with "images { dir = 'x' }" }).warnings, 0)
end)
