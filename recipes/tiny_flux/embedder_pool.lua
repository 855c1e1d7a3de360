--- The pictures that the embedder learns from: random creatures, each seen twice.
--
--   family    four creatures of one body shape, most of them of one colour: what tells them apart is small
--   creature  a named one of the world's colours and parts, or a unique one with inks, patterns and eyes of its own
--   view      the creature in a scene of its own: pose, place, hour, clothes, objects
--
-- A family is a pure function of (seed, family); so is its file. Rows of a file: family, then creature, then view.
-- The six named characters stay unseen: nobody here has both the pattern and the eyes of one of them.

local part = ...
local world = part "world"
local tensor = lorarun.tensor
local pool = { FAMILY = 4, VIEWS = 2, FILE_FAMILIES = 50 }

local HEADS = { "colour", "shape", "top", "eyes", "pattern", "tail", "wear", "pose", "view", "size", "place", "time", "weather", "object" }
local BODY = { "colour", "shape", "top", "eyes", "pattern", "tail", "pattern_ink", "iris", "top_ink", "tail_ink" }
local PATTERNS = { "none", "spotted", "striped", "pale belly", "star", "heart", "mask", "dipped", "zigzag", "halves" }
local EYES = { "dot", "big", "sleepy", "one", "happy", "star", "slit", "heart", "square", "ring", "moon" }
local TAKEN = { dipped = "star", zigzag = "square", heart = "heart", mask = "slit", halves = "moon", star = "ring" }
local UNIQUE, OWN_COLOUR, OWN_INK = 0.6, 0.35, 0.4 -- of families, of members, of tops and tails

local function pick(list, number) return list[1 + math.floor(number * #list)] end

--- A colour out of three numbers in [0, 1): any hue, from pale to strong, never black.
local function ink(h, s, v)
  local saturation, value = 0.2 + 0.65 * s, 0.45 + 0.53 * v
  local function channel(n)
    local k = (n + h * 6) % 6
    return math.floor(255 * value * (1 - saturation * math.max(0, math.min(k, 4 - k, 1))) + 0.5)
  end
  return ("#%02x%02x%02x"):format(channel(5), channel(3), channel(1))
end

local function named(vocabulary, number, shape, colour)
  return { shape = shape, colour = colour, top = pick(vocabulary.top, number()), eyes = pick(vocabulary.eyes, number()),
    pattern = pick(vocabulary.pattern, number()), tail = pick(vocabulary.tail, number()) }
end

local function unique(vocabulary, number, shape, colour)
  local one = named(vocabulary, number, shape, colour)
  one.pattern, one.eyes = pick(PATTERNS, number()), pick(EYES, number())
  if TAKEN[one.pattern] == one.eyes then one.eyes = "dot" end
  one.pattern_ink, one.iris = ink(number(), number(), number()), ink(number(), number(), number())
  if number() < OWN_INK then one.top_ink = ink(number(), number(), number()) end
  if number() < OWN_INK then one.tail_ink = { ink(number(), number(), number()), ink(number(), number(), number()) } end
  return one
end

--- Gives the numbers of a key one after the other.
local function numbers(seed, stream, sample)
  local list, at = { world.chance(seed, sample, stream, 0, 32) }, 0
  return function()
    at = at + 1
    return list[at]
  end
end

--- Gives the bodies of a family.
---@param seed integer
---@param family integer   from 0
---@return table[]
function pool.family(seed, family)
  local vocabulary, shared = world.vocabulary(), numbers(seed, "embedder/family", family)
  local is_unique, shape = shared() < UNIQUE, pick(vocabulary.shape, shared())
  local function colour(number)
    return is_unique and ink(number(), number(), number()) or pick(vocabulary.colour, number())
  end
  local common, members = colour(shared), {}
  for i = 1, pool.FAMILY do
    local own = numbers(seed, "embedder/creature", family * pool.FAMILY + i)
    local its = own() < OWN_COLOUR and colour(own) or common
    members[i] = (is_unique and unique or named)(vocabulary, own, shape, its)
  end
  return members
end

--- Gives the attributes of one picture of a body; asleep, its own eyes are closed all the same.
function pool.view(seed, body, index)
  local at = world.sample(seed, index)
  for _, key in ipairs(BODY) do at[key] = body[key] end
  world.settle(at)
  at.eyes = body.eyes
  return at
end

--- Gives the heads: each attribute with its values.
---@return { name: string, values: string[] }[]
function pool.heads()
  local heads = {}
  for i, name in ipairs(HEADS) do heads[i] = { name = name, values = world.vocabulary()[name] } end
  return heads
end

local function place_of(list, value)
  for i, one in ipairs(list) do
    if one == value then return i end
  end
  return 0
end

--- Gives the class of each head, from 1; 0 where the picture has none of the values or does not show it.
---@param heads table[]
---@param at table
---@return integer[]
function pool.labels(heads, at)
  local labels = {}
  for i, head in ipairs(heads) do
    local hidden = head.name == "eyes" and at.pose == "sleeping" and at.eyes ~= "one"
    labels[i] = hidden and 0 or place_of(head.values, at[head.name])
  end
  return labels
end

--- Gives pictures [N, 3, size, size] (uint8) and labels [N, heads] of a list of attributes.
function pool.draw(list, heads, size_px)
  local pictures, labels = {}, {}
  for i, at in ipairs(list) do
    pictures[i] = lorarun.scope(function() return ((world.draw(at, size_px)) * 255):round():to("uint8") end)
    labels[i] = pool.labels(heads, at)
  end
  return tensor.stack(pictures, 1), tensor.from(labels):to("int64")
end

local function file_attributes(seed, file)
  local list = {}
  for family = (file - 1) * pool.FILE_FAMILIES, file * pool.FILE_FAMILIES - 1 do
    for member, body in ipairs(pool.family(seed, family)) do
      for view = 1, pool.VIEWS do
        list[#list + 1] = pool.view(seed, body, (family * pool.FAMILY + member - 1) * pool.VIEWS + view)
      end
    end
  end
  return list
end

--- Draws the files that are not in the folder yet, and gives all of it: pictures (uint8) and labels.
---@param folder string
---@param seed integer
---@param families integer    a multiple of FILE_FAMILIES
---@param size_px integer
---@return lorarun.Tensor pictures  [N, 3, size, size]
---@return lorarun.Tensor labels    [N, heads]
function pool.open(folder, seed, families, size_px)
  local system, heads, pictures, labels = lorarun.system, pool.heads(), {}, {}
  system.make_folder(folder)
  for file = 1, families / pool.FILE_FAMILIES do
    local path = ("%s/seed%d-%dpx-%03d.safetensors"):format(folder, seed, size_px, file)
    if not system.exists(path) then
      lorarun.scope(function()
        local drawn, said = pool.draw(file_attributes(seed, file), heads, size_px)
        tensor.save(path, { pictures = drawn, labels = said })
      end)
      system.log(("drawn: %d of %d families"):format(file * pool.FILE_FAMILIES, families))
    end
    local loaded = tensor.load(path)
    pictures[file], labels[file] = loaded.pictures, loaded.labels
  end
  return tensor.cat(pictures, 1), tensor.cat(labels, 1)
end

return pool
