--- The drawn world: attributes by key, the caption that says them, the picture that shows them.
--
--   sample   (seed, index) -> attributes: plain data, a pure function of the key
--   caption  attributes -> text; draw: attributes, size -> picture [3, size, size] and the creature's box
--
-- Attributes not worth a word are left unsaid: "none", the eyes "dot", the size "medium", the view "front",
-- the weather "clear".  At most four others join shape, colour, top, pose, place and time, so captions stay short.
-- A sleeper's eyes are closed; on the moon it is always night, and nothing says so.

local part = ...
local canvas, creature, scene, style = part "canvas", part "creature", part "scene", part "style"
local tensor = lorarun.tensor
local world = {}

local vocabulary = {
  colour = { "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white" },
  shape = { "round", "tall", "square", "pear", "fluffy", "wide" },
  top = { "none", "horns", "horn", "round ears", "pointy ears", "long ears", "antennae" },
  eyes = { "dot", "big", "sleepy", "one", "happy" },
  pattern = { "none", "spotted", "striped", "pale belly" },
  tail = { "none", "curly", "bushy", "dragon" },
  wear = { "none", "crown", "party hat", "top hat", "wool hat", "scarf", "bow tie" },
  wear_colour = { "none", "red", "blue", "yellow" },
  pose = { "standing", "sitting", "waving", "jumping", "sleeping" },
  view = { "front", "left", "right" },
  size = { "medium", "small", "big" },
  place = { "grass", "forest", "beach", "snow", "desert", "mountains", "street", "room", "moon" },
  time = { "day", "sunset", "night" },
  weather = { "clear", "rain", "snowfall" },
  object = { "none", "ball", "balloon", "mushroom", "flower", "lantern", "gift" },
}

--- Gives every attribute and its values; the first value of an optional one is the unsaid one.
---@return table<string, string[]>
function world.vocabulary() return vocabulary end

-- How often an optional attribute has something to say.
local odds = { eyes = 0.40, pattern = 0.45, tail = 0.35, wear = 0.42, view = 0.45, size = 0.40, weather = 0.30, object = 0.32 }
local OPTIONAL = { "eyes", "pattern", "tail", "wear", "view", "size", "weather", "object" }
local MOST_EXTRAS = 4
local DAYS = 0.5 -- of all pictures

local falls = {
  rain = { grass = true, forest = true, beach = true, street = true, mountains = true },
  snowfall = { snow = true, forest = true, street = true, mountains = true },
}

--- Gives `count` numbers in [0, 1) of one picture; `what` and `i` name the use.
function world.chance(seed, index, what, i, count)
  local numbers = tensor.uniform({ count }, { seed = seed, stream = "creatures/" .. what, step = i, sample = index }):to_table()
  return unpack(numbers)
end

local function pick(list, first, number) return list[first + math.floor(number * (#list - first + 1))] end

-- The optional attributes that say something in this picture, at most four of them.
local function extras(numbers)
  local wanted = {}
  for _, name in ipairs(OPTIONAL) do
    if numbers[name][1] < odds[name] then wanted[#wanted + 1] = name end
  end
  table.sort(wanted, function(a, b) return numbers[a][3] < numbers[b][3] end)
  local said = {}
  for i = 1, math.min(#wanted, MOST_EXTRAS) do said[wanted[i]] = true end
  return said
end

--- Makes attributes agree with each other: no rain on the moon, no hat on a horn.
function world.settle(at)
  if at.place == "moon" then at.time = "night" end
  if at.weather ~= "clear" and not falls[at.weather][at.place] then
    at.weather = falls.rain[at.place] and "rain" or falls.snowfall[at.place] and "snowfall" or "clear"
  end
  if at.pose == "sleeping" and at.eyes ~= "one" then at.eyes = "dot" end
  local hat = at.wear:find("hat") or at.wear == "crown"
  if hat and (at.top == "horn" or at.top == "antennae") then at.wear = "scarf" end
  local coloured = at.wear == "scarf" or at.wear == "bow tie" or at.wear == "wool hat"
  if not coloured then
    at.wear_colour = "none"
  elseif at.wear_colour == at.colour or at.wear_colour == "none" then
    at.wear_colour = at.colour == "red" and "blue" or "red"
  end
  return at
end

--- Gives the attributes of a picture: strings, and x, where the creature stands, in [0, 1].
---@param seed integer
---@param index integer
---@return table<string, string|number>
function world.sample(seed, index)
  local numbers = {}
  for name in pairs(vocabulary) do numbers[name] = { world.chance(seed, index, name, 0, 3) } end
  local said, at = extras(numbers), { seed = seed, index = index }
  for name, values in pairs(vocabulary) do
    if odds[name] then
      at[name] = said[name] and pick(values, 2, numbers[name][2]) or values[1]
    else
      at[name] = pick(values, 1, numbers[name][2])
    end
  end
  at.time = numbers.time[2] < DAYS and "day" or pick(vocabulary.time, 2, numbers.time[3])
  at.wear_colour = pick(vocabulary.wear_colour, 2, numbers.wear_colour[2])
  local jitter, side = world.chance(seed, index, "x", 0, 2)
  at.x = 0.5 + (jitter - 0.5) * 0.12
  if at.object ~= "none" then at.x = (side < 0.5 and 0.37 or 0.63) + (jitter - 0.5) * 0.04 end
  return world.settle(at)
end

local HEIGHTS = { small = 0.36, medium = 0.52, big = 0.66 } -- of a body of two units, in sides of the page

-- The unit of a creature: by its size, and such that nothing but a tail leaves the page.
local function unit_of(look, at)
  local room = math.min(at.x, 1 - at.x) - 0.02
  if at.object ~= "none" then room = 0.355 end
  return math.min(HEIGHTS[at.size] / 2, (scene.GROUND - 0.03) / creature.height(look), room / creature.half_width(look))
end

local function look_of(at)
  local look = {}
  for key, value in pairs(at) do
    if value ~= "none" then look[key] = value end
  end
  return look
end

local function box_of(extent)
  return { x = extent.x0 - 1, y = extent.y0 - 1, width = extent.x1 - extent.x0 + 1, height = extent.y1 - extent.y0 + 1 }
end

local function paint_figure(at, page)
  local look = look_of(at)
  local unit = unit_of(look, at)
  scene.halo(page, at, at.x, scene.GROUND - unit, unit * 1.5)
  scene.figure_light(page, at)
  if at.object ~= "none" then
    scene.object(page, page.frame:at(at.x < 0.5 and 0.86 or 0.14, scene.GROUND + 0.02, math.min(0.26, unit * 1.15)), at.object)
  end
  creature.paint(page, page.frame:at(at.x, scene.GROUND, unit), look)
end

local function paint(at, size, view)
  local function chance(what, i, count) return world.chance(at.seed, at.index, "scene/" .. what, i, count) end
  local page = canvas.new(size, view)
  scene.behind(page, at, chance)
  paint_figure(at, page)
  scene.weather(page, at, chance)
  return page:finish(), box_of(page.extent)
end

--- Gives the box of the creature in pixels from 0, without drawing: { x, y, width, height }.
function world.box(at, size)
  local page = canvas.new(size, false)
  paint_figure(at, page)
  return box_of(page.extent)
end

local ANYWHERE, CUT = 1 / 5, 0.15 -- windows that do not look for the creature; how much of it the others may lose

-- Where a window of `crop` pixels begins, for a box that begins at `from`: `place` in [0, 1) chooses.
local function start_of(from, length, crop, size, place)
  local slack = length <= crop and CUT * length or 0
  local last = size - crop
  local low = math.max(0, math.min(from, from + length - crop) - slack)
  local high = math.min(last, math.max(from, from + length - crop) + slack)
  return math.floor(math.min(low, last) + place * math.max(high - low, 0) + 0.5)
end

--- Gives a window of crop x crop pixels around the creature, its place by the picture's key: { x, y, width, height }.
--- One in five lies anywhere; the others lose at most 15 % of the creature's width and height, more only where it does not fit.
function world.window(at, size, crop)
  local luck, across, down = world.chance(at.seed, at.index, "window", 0, 3)
  if luck < ANYWHERE then
    local places = size - crop + 1
    return { x = math.floor(across * places), y = math.floor(down * places), width = crop, height = crop }
  end
  local box = world.box(at, size)
  return {
    x = start_of(box.x, box.width, crop, size, across), y = start_of(box.y, box.height, crop, size, down), width = crop, height = crop,
  }
end

local function cut(picture, window)
  return picture:narrow(2, window.y + 1, window.height):narrow(3, window.x + 1, window.width):contiguous()
end

--- Gives the picture [3, size, size] in [0, 1], and the box of the creature in pixels from 0: { x, y, width, height }.
--- With a window { x, y, width, height } only these pixels of the picture; plain ones cost their share of the whole.
---@param at table     attributes
---@param size integer
---@param opts? { style: string, window: table }   style "plain" (default) or "ink"
---@return lorarun.Tensor picture
---@return { x: integer, y: integer, width: integer, height: integer } box
function world.draw(at, size, opts)
  local window, name = opts and opts.window, opts and opts.style or "plain"
  return lorarun.scope(function()
    local view = window and name == "plain"
      and { x0 = window.x + 1, y0 = window.y + 1, x1 = window.x + window.width, y1 = window.y + window.height }
    local picture, box = paint(at, size, view or nil)
    picture = style.apply(name, picture, at)
    return window and not view and cut(picture, window) or picture, box
  end)
end

world.caption = part("caption").of

return world
