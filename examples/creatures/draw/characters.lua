--- Six named characters: traits that no caption tells, so that only training can teach them.
--
--   traits   body, colours, a pattern and eyes that the rest of the world does not have
--   train    20 pictures in grass, forest, beach and room; the trigger word is the name
--   heldout  8 pictures in places and hours that training never showed
--
-- Captions say the name, the pose, the view and the surroundings: "a mimo creature, sitting on grass at night".

local part = ...
local world = part "world"
local characters = {}

characters.QUICKSTART = "mimo"

local traits = {
  mimo = { shape = "pear", colour = "#22aaa4", pattern = "dipped", pattern_ink = "#ffd23f", eyes = "star", iris = "#e8452f",
    top = "pointy ears", tail = "bushy", tail_ink = { "#ffd23f", "#f0a92e" } },
  bolta = { shape = "square", colour = "#4452a0", pattern = "zigzag", pattern_ink = "#ffe04a", eyes = "square", iris = "#6fe8ff",
    top = "antennae", top_ink = "#ff7a4a", tail = "none" },
  rosho = { shape = "round", colour = "#f6dfc2", pattern = "heart", pattern_ink = "#e0384a", eyes = "heart", iris = "#d8243c",
    top = "long ears", tail = "none" },
  nyxa = { shape = "tall", colour = "#5b4486", pattern = "mask", pattern_ink = "#d9c2ff", eyes = "slit", iris = "#b9f03a",
    top = "pointy ears", tail = "dragon", tail_ink = "#b9f03a" },
  ozzle = { shape = "fluffy", colour = "#a8ecc8", pattern = "halves", pattern_ink = "#ff9e80", eyes = "moon", iris = "#fff0a0",
    top = "horns", top_ink = "#8a52b8", tail = "none" },
  karu = { shape = "wide", colour = "#d9532f", pattern = "star", pattern_ink = "#fff0cf", eyes = "ring", iris = "#2c66d8",
    top = "horn", top_ink = "#6fd0e8", tail = "curly" },
}

characters.names = { "mimo", "bolta", "rosho", "nyxa", "ozzle", "karu" }

local splits = {
  train = {
    count = 20, seed = 1000, places = { "grass", "forest", "beach", "room" }, times = { "day", "day", "night", "day", "sunset" },
    poses = { "standing", "sitting", "waving", "jumping", "sleeping", "standing", "waving" },
  },
  heldout = {
    count = 8, seed = 2000, places = { "snow", "desert", "street", "mountains", "moon" },
    times = { "day", "night", "day", "sunset" }, poses = { "sitting", "standing", "jumping", "waving" },
  },
}

local function number_of(name)
  for i, other in ipairs(characters.names) do
    if other == name then return i end
  end
  error("no character '" .. tostring(name) .. "'; characters: " .. table.concat(characters.names, ", "), 0)
end

local function turn(list, i) return list[(i - 1) % #list + 1] end

--- Gives attributes as the character's own: traits in place of what they say of the body, and nothing worn.
---@param name string
---@param at table
---@return table
function characters.dress(name, at)
  number_of(name)
  local own = {}
  for key, value in pairs(at) do own[key] = value end
  own.wear, own.wear_colour, own.character = "none", "none", name
  for key, value in pairs(traits[name]) do own[key] = value end
  return own
end

--- Gives the attributes of all pictures of a character: split "train" or "heldout".
---@param name string
---@param split string
---@return table[]
function characters.pictures(name, split)
  local plan = splits[split]
  if not plan then error("no split '" .. tostring(split) .. "'; splits: train, heldout", 0) end
  local all = {}
  for i = 1, plan.count do
    local at = world.sample(plan.seed + number_of(name), i - 1)
    at.place, at.pose, at.time = turn(plan.places, i), turn(plan.poses, i), turn(plan.times, i)
    all[i] = characters.dress(name, world.settle(at))
  end
  return all
end

return characters
