--- Draws pictures of small creatures and writes their captions.
--
--   run      ./lorarun examples/creatures/draw.lua --trust --count 16 --out /tmp/c
--   options  --size 128  --seed 1  --first 0  --style plain|ink  --sheet
--            --crop PX                              (a window of PX x PX pixels of each, around the creature)
--            --character NAME --split train|heldout   (all pictures of the split)
--   leaves   OUT/000000.png, OUT/000000.txt (caption), OUT/attributes.jsonl (attributes, the creature's box, the window); OUT/sheet.png
--
-- Everything is a function of (seed, index): the same command draws the same bytes.
-- README.md, next to this file, tells of the world; draw/ has its parts.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local part = dofile(here .. "/draw/init.lua")
local world, characters = part "world", part "characters"
local system = lorarun.system

local SWITCHES = { sheet = true }
local NUMBERS = { count = 16, size = 128, seed = 1, first = 0, crop = false }
local TEXTS = { out = "creatures", style = "plain", character = false, split = "train" }

local function options(words)
  local given, i = {}, 1
  for name, value in pairs(NUMBERS) do given[name] = value end
  for name, value in pairs(TEXTS) do given[name] = value end
  while i <= #words do
    local name = words[i]:match("^%-%-([%w_]+)$")
    if SWITCHES[name] then
      given[name] = true
    elseif NUMBERS[name] ~= nil then
      i, given[name] = i + 1, tonumber(words[i + 1]) or error("--" .. name .. " needs a number", 0)
    elseif TEXTS[name] ~= nil then
      i, given[name] = i + 1, words[i + 1] or error("--" .. name .. " needs a word", 0)
    else
      error("no option " .. words[i] .. "; options: --count --size --seed --first --crop --out --style --sheet --character --split", 0)
    end
    i = i + 1
  end
  return given
end

local function all_attributes(given)
  if given.character then return characters.pictures(given.character, given.split) end
  local all = {}
  for i = 0, given.count - 1 do all[#all + 1] = world.sample(given.seed, given.first + i) end
  return all
end

local given = options(arg)
local lines, pictures = {}, {}
system.make_folder(given.out)
for _, at in ipairs(all_attributes(given)) do
  lorarun.scope(function()
    local window = given.crop and world.window(at, given.size, given.crop) or nil
    local picture, box = world.draw(at, given.size, { style = given.style, window = window })
    local text, name = world.caption(at), ("%06d"):format(at.index)
    lorarun.image.save(given.out .. "/" .. name .. ".png", picture)
    system.write(given.out .. "/" .. name .. ".txt", text .. "\n")
    lines[#lines + 1] = system.encode({ file = name .. ".png", caption = text, attributes = at, box = box, window = window })
    if given.sheet then pictures[#pictures + 1] = lorarun.keep(picture) end
  end)
end
system.write(given.out .. "/attributes.jsonl", table.concat(lines, "\n") .. "\n")
if given.sheet then
  local sheet = lorarun.image.sheet(pictures, math.ceil(math.sqrt(#pictures)), { cell = given.size })
  lorarun.image.save(given.out .. "/sheet.png", sheet)
end
print(#lines .. " pictures in " .. given.out)
