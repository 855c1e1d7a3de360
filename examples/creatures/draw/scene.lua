--- Places: sky, ground and what stands around, by time of day and weather; and one object beside the creature.
--
--   place   grass forest beach snow desert mountains street room moon; the unit is the side of the page
--   light   outdoor things are drawn in day colours and seen through the light of the hour; the sky has its own
--   ground  creatures stand at y = scene.GROUND
--
-- Scatter (clouds, flowers, flakes) is keyed by the picture's own seed and index.

local part = ...
local canvas = part "canvas"
local scene = {}

scene.GROUND = 0.87

local mix = canvas.mix

-- Lights of the hour: on the scenery, and (milder) on the creature.
local lights = {
  day = {},
  sunset = {
    scenery = { times = { 0.92, 0.72, 0.70 }, plus = { 0.07, 0.02, 0.05 } },
    figure = { times = { 1, 0.96, 0.91 }, plus = { 0.01, 0, 0 } },
  },
  night = {
    scenery = { times = { 0.34, 0.42, 0.62 }, plus = { 0.01, 0.03, 0.10 } },
    figure = { times = { 0.93, 0.94, 0.98 }, plus = { 0, 0, 0.01 } },
  },
}

local skies = {
  day = { "#5fb6ee", "#a9dcf6", "#e4f4f4" }, ["grey day"] = { "#8797a8", "#aab8c4", "#c6d0d6" },
  sunset = { "#5d4a94", "#d8698e", "#ff9d6c", "#ffd08a" }, ["grey sunset"] = { "#5e5477", "#a3748c", "#d39a85" },
  night = { "#0e1436", "#1f2c63", "#43519a" }, ["grey night"] = { "#141a30", "#262f50", "#3f4a70" },
}

local function cloud(page, x, y, size, ink, opacity)
  local f = page.frame:at(x, y, size)
  page:paint(f:box(0, 0.12, 1.4, 0.3, 0.3):with(f:circle(-0.55, -0.18, 0.5)):with(f:circle(0.3, -0.34, 0.62)), ink, opacity)
end

local function sun(page, x, y, r, ink, halo)
  page:glow(page.frame:circle(x, y, r), halo, r * 2.0, 0.6)
  page:paint(page.frame:circle(x, y, r), ink)
end

local function moon(page, x, y, r)
  page:glow(page.frame:circle(x, y, r), "#aab4ea", r * 2.2, 0.6)
  page:paint(page.frame:circle(x, y, r), "#fff3cc")
  page:paint(page.frame:circle(x - r * 0.3, y - r * 0.25, r * 0.22), "#e8d9ae")
  page:paint(page.frame:circle(x + r * 0.35, y + r * 0.3, r * 0.16), "#e8d9ae")
end

local function stars(page, chance, height, count)
  for i = 1, count do
    local x, y, size = chance("star", i, 3)
    page:paint(page.frame:circle(x, y * height, 0.0035 + size * 0.005), "#fff6d8", 0.6 + 0.4 * size)
  end
end

local function sky(page, at, chance)
  local grey = at.weather ~= "clear"
  page:light(nil)
  page:fill(skies[(grey and "grey " or "") .. at.time], 0.70)
  local x = chance("sun", 0, 1)
  x = (at.x > 0.5 and 0.10 or 0.68) + 0.20 * x
  if at.time == "night" and not grey then
    stars(page, chance, 0.58, 16)
    moon(page, x, 0.16, 0.065)
  elseif at.time == "sunset" and not grey then
    sun(page, x, 0.52, 0.09, "#fff0b0", "#ffd27a")
  elseif not grey then
    sun(page, x, 0.16, 0.07, "#fff0a0", "#fff8d0")
  end
  local ink = ({ day = "#ffffff", sunset = "#f6a8a4", night = "#3a467e" })[at.time]
  if grey then ink = ({ day = "#74838f", sunset = "#7a6078", night = "#2b3452" })[at.time] end
  for i = 1, grey and 3 or 2 do
    local cx, cy, size = chance("cloud", i, 3)
    if grey then
      cloud(page, (i - 0.7 + 0.4 * cx) / 2.6, 0.04 + 0.14 * cy, 0.15 + 0.04 * size, ink, 0.9)
    else
      cloud(page, cx, 0.10 + 0.14 * cy, 0.06 + 0.04 * size, ink, 0.9)
    end
  end
end

local function hill(page, height, swing, length, phase, top, bottom)
  page:paint(page.frame:below(height, swing, length, phase), { top, bottom })
end

local function pine(page, x, foot, size, ink, white)
  local f = page.frame:at(x, foot, size)
  page:paint(f:box(0, -0.12, 0.09, 0.16), "#5b3d2c")
  for i = 0, 2 do
    local low, wide = -0.2 - i * 0.5, 0.62 - i * 0.13
    local cone = f:polygon({ 0, low - 0.85, wide, low, -wide, low })
    page:paint(cone, mix(mix(ink, "#0c2030", 0.25), ink, i / 2))
    if white then page:paint(f:polygon({ 0, low - 0.85, wide * 0.5, low - 0.42, -wide * 0.5, low - 0.42 }), "#f4f9ff") end
  end
end

local PETALS = { "#ffffff", "#ff8fb0", "#c59bff", "#fff0a0", "#ff7f6b" }

local function blossom(page, x, y, size, ink)
  local f = page.frame:at(x, y, size)
  page:paint(f:line(0, 0, 0, 1.9, 0.16), "#3f8a4a")
  page:paint(f:circle(0, 0, 0.9), ink)
  page:paint(f:circle(0, 0, 0.38), "#ffc83a")
end

local places = {}

function places.grass(page, _, chance)
  hill(page, 0.64, 0.035, 0.20, 6 * chance("hill", 1, 1), "#a5d977", "#7cbf5c")
  hill(page, 0.74, 0.025, 0.16, 6 * chance("hill", 2, 1), "#84cb5e", "#4f9c4c")
  for i = 1, 7 do
    local x, y = chance("flower", i, 2)
    blossom(page, x, 0.80 + 0.17 * y, 0.016 + 0.008 * y, PETALS[i % #PETALS + 1])
  end
end

function places.forest(page, _, chance)
  page:paint(page.frame:box(0.5, 0.55, 0.5, 0.25), "#9cc9a2", 0.55)
  for i = 1, 5 do
    pine(page, (i - 0.8 + 0.5 * chance("back pine", i, 1)) / 5, 0.72, 0.27, "#6aa383")
  end
  hill(page, 0.70, 0.02, 0.17, 6 * chance("hill", 1, 1), "#7fb464", "#4a8049")
  pine(page, 0.04 + 0.08 * chance("pine", 1, 1), 0.84, 0.40, "#37794f")
  pine(page, 0.90 + 0.08 * chance("pine", 2, 1), 0.82, 0.38, "#2f6d49")
end

function places.beach(page, _, chance)
  page:paint(page.frame:box(0.5, 0.70, 0.5, 0.16), { "#2b8fc9", "#74d6da" })
  for i = 1, 4 do
    local x = chance("wave", i, 1)
    page:paint(page.frame:line(x - 0.10, 0.56 + i * 0.035, x + 0.10, 0.56 + i * 0.035, 0.005), "#e8fbff", 0.8)
  end
  hill(page, 0.735, 0.014, 0.2, 6 * chance("foam", 1, 1), "#f4fbff", "#f4fbff")
  hill(page, 0.755, 0.014, 0.2, 6 * chance("foam", 1, 1), "#f9e4ae", "#e8c584")
  local x = chance("shell", 1, 1)
  page:paint(page.frame:star(x, 0.95, 0.03), "#ff8a6b")
end

function places.snow(page, _, chance)
  hill(page, 0.62, 0.04, 0.17, 6 * chance("hill", 1, 1), "#d3e4f3", "#b4cce6")
  pine(page, 0.07 + 0.12 * chance("pine", 1, 1), 0.74, 0.24, "#4f938a", true)
  pine(page, 0.80 + 0.14 * chance("pine", 2, 1), 0.75, 0.28, "#458880", true)
  hill(page, 0.74, 0.02, 0.2, 6 * chance("hill", 2, 1), "#edf5fd", "#b3cbe8")
end

local function cactus(page, x, foot, size)
  local f = page.frame:at(x, foot, size)
  local shape = f:line(0, 0.1, 0, -1.7, 0.24):with(f:path { { 0, -0.6, 0.16 }, { -0.6, -0.72, 0.16 }, { -0.6, -1.15, 0.16 } })
    :with(f:path { { 0, -0.85, 0.16 }, { 0.6, -0.95, 0.16 }, { 0.6, -1.45, 0.16 } })
  page:paint(shape:grow(0.05 * f.scale), "#2c5c3c")
  page:paint(shape, "#5aa469")
end

function places.desert(page, at, chance)
  hill(page, 0.62, 0.06, 0.22, 6 * chance("hill", 1, 1), "#e6a963", "#d18c50")
  hill(page, 0.72, 0.025, 0.17, 6 * chance("hill", 2, 1), "#f2c681", "#d99d58")
  local left = (at.x > 0.5) == (at.object == "none")
  cactus(page, (left and 0.10 or 0.84) + 0.06 * chance("cactus", 1, 1), 0.80, 0.12)
end

local function peak(page, x, foot, wide, high, ink)
  local f = page.frame
  local shape = f:polygon({ x, foot - high, x + wide, foot, x - wide, foot })
  page:paint(shape, ink)
  local cap = f:box(x, foot - high, wide, high * 0.30)
  for i = -1, 1 do cap = cap:without(f:circle(x + i * wide * 0.28, foot - high * 0.66, wide * 0.11)) end
  page:paint(shape:cut(cap), "#f6fafc")
  page:paint(shape:cut(f:polygon({ x, foot - high, x + wide, foot, x + wide * 0.1, foot })), "#1c2440", 0.13)
end

function places.mountains(page, _, chance)
  local a, b = chance("peak", 1, 2)
  peak(page, 0.06 + 0.2 * a, 0.76, 0.34, 0.46, "#8c9ab8")
  peak(page, 0.74 + 0.2 * b, 0.76, 0.40, 0.52, "#7c8bad")
  peak(page, 0.46, 0.76, 0.30, 0.28, "#9dabc4")
  hill(page, 0.72, 0.02, 0.18, 6 * chance("hill", 1, 1), "#a9b78c", "#76895e")
  for i = 1, 3 do
    local x, y = chance("rock", i, 2)
    page:paint(page.frame:ellipse(x, 0.80 + 0.15 * y, 0.035, 0.022), { "#b9b9be", "#85868f" })
  end
end

-- Four windows; lit from inside unless it is day.
local function house_windows(page, x, y, day)
  local outside = page.lit
  if not day then page:light(nil) end
  for i = 0, 3 do
    local column, row = i % 2 * 2 - 1, math.floor(i / 2)
    page:paint(page.frame:box(x + column * 0.055, y + row * 0.14, 0.028, 0.038), day and "#e8f6ff" or "#ffdc7a")
  end
  page:light(outside)
end

local WALLS = { "#e58a6a", "#8fb4d8", "#f0cf7a", "#b7a0d8", "#9cc8a0" }

function places.street(page, at, chance)
  for i = 0, 3 do
    local height, ink = chance("house", i, 2)
    local x, top = 0.125 + i * 0.25, 0.42 - 0.14 * height
    page:paint(page.frame:box(x, (top + 0.76) / 2, 0.122, (0.76 - top) / 2), WALLS[math.floor(ink * 5) + 1])
    page:paint(page.frame:polygon({ x, top - 0.11, x + 0.14, top, x - 0.14, top }), "#9c4a42")
    house_windows(page, x, top + 0.09, at.time == "day")
  end
  page:paint(page.frame:box(0.5, 0.88, 0.5, 0.14), { "#b9b4b4", "#8f8b92" })
  page:paint(page.frame:box(0.5, 0.75, 0.5, 0.016), "#d9d4d0")
  for i = 0, 3 do page:paint(page.frame:box(0.125 + i * 0.25, 0.955, 0.06, 0.010), "#f4f0e4") end
end

local PAPERS = { "#f3d3ae", "#bfd8d2", "#e8c3c8", "#cfc6e6" }

function places.room(page, at, chance)
  local x, paper = chance("window", 1, 2)
  local dim = at.time ~= "day"
  page:light(dim and { times = { 0.80, 0.70, 0.66 }, plus = { 0.02, 0, 0.02 } } or nil)
  page:fill({ PAPERS[math.floor(paper * 4) + 1], PAPERS[math.floor(paper * 4) + 1] })
  for i = 0, 5 do page:paint(page.frame:box(0.08 + i * 0.168, 0.36, 0.02, 0.36), "#ffffff", 0.22) end
  local f = page.frame:at((at.x > 0.5 and 0.20 or 0.74) + 0.08 * x - 0.04, 0.28, 0.16)
  page:paint(f:box(0, 0, 1.14, 1.24, 0.06), "#8a5a3c")
  local lit = page.lit
  page:light(nil)
  local pane = f:box(0, 0, 1, 1.10)
  page:paint(pane, { skies[at.time][1], skies[at.time][3] })
  if at.time == "night" then page:paint(f:circle(0.42, -0.46, 0.22), "#fff3cc") end
  page:paint(f:ellipse(0.2, 1.2, 1.6, 0.7):cut(pane), ({ day = "#7fbf6a", sunset = "#7a5a6a", night = "#24405c" })[at.time])
  page:light(lit)
  page:paint(f:box(0, 0, 0.06, 1.10):with(f:box(0, 0, 1, 0.06)), "#8a5a3c")
  page:paint(page.frame:box(0.5, 0.86, 0.5, 0.14), { "#c08a5a", "#96623c" })
  page:paint(page.frame:box(0.5, 0.72, 0.5, 0.014), "#8f5d3b")
  page:paint(page.frame:ellipse(0.5, 0.90, 0.43, 0.075), "#b8434c")
  page:paint(page.frame:ellipse(0.5, 0.90, 0.37, 0.056), "#eac0a8")
  page:paint(page.frame:ellipse(0.5, 0.90, 0.33, 0.045), "#c9555a")
end

function places.moon(page, at, chance)
  page:light(nil)
  page:fill({ "#07081c", "#151638", "#2a2858" })
  stars(page, chance, 0.70, 20)
  local x, y = (at.x > 0.5 and 0.18 or 0.80), 0.20
  page:glow(page.frame:circle(x, y, 0.09), "#6aa8ff", 0.08, 0.5)
  local globe = page.frame:circle(x, y, 0.09)
  page:paint(globe, "#3f8fe0")
  page:paint(page.frame:circle(x - 0.04, y - 0.03, 0.045):cut(globe), "#6cc070")
  page:paint(page.frame:ellipse(x + 0.05, y + 0.04, 0.04, 0.03):cut(globe), "#6cc070")
  hill(page, 0.70, 0.03, 0.26, 6 * chance("hill", 1, 1), "#c9c7d6", "#8e8ba6")
  for i = 1, 5 do
    local cx, cy = chance("crater", i, 2)
    cx, cy = cx, 0.78 + 0.18 * cy
    page:paint(page.frame:ellipse(cx, cy, 0.06, 0.02), "#8684a0")
    page:paint(page.frame:ellipse(cx, cy + 0.006, 0.05, 0.014), "#a6a4ba")
  end
end

-- Objects: the origin is the ground, the unit half a creature.
local objects = {}

local LINE = "#33203a"

local function solid(page, f, shape, ink)
  page:paint(shape:grow(0.055 * f.scale), LINE)
  page:paint(shape, ink)
end

function objects.ball(page, f)
  local ball = f:circle(0, -0.42, 0.42)
  solid(page, f, ball, { "#ff6a5a", "#d83a44" })
  page:paint(f:ellipse(0, -0.42, 0.16, 0.46, 0.3):cut(ball), "#fff3d8")
  page:paint(f:circle(-0.16, -0.60, 0.08), "#ffffff", 0.8)
end

function objects.balloon(page, f)
  page:paint(f:curve(0, 0, 0.14, -0.5, 0, -1.2, function() return 0.025 end, 5), LINE)
  local knot = f:polygon({ 0, -1.24, 0.10, -1.10, -0.10, -1.10 })
  solid(page, f, f:ellipse(0, -1.68, 0.40, 0.50):with(knot), { "#ff7aa8", "#e23f78" })
  page:paint(f:ellipse(-0.14, -1.88, 0.08, 0.13, 0.4), "#ffffff", 0.8)
end

function objects.mushroom(page, f)
  solid(page, f, f:line(0, -0.16, 0, -0.5, 0.20, 0.16), "#fbefd8")
  local cap = f:ellipse(0, -0.52, 0.54, 0.50):cut(f:box(0, -0.84, 0.6, 0.34))
  solid(page, f, cap, { "#f0524a", "#c8303a" })
  for _, at in ipairs({ { -0.24, -0.68, 0.10 }, { 0.14, -0.82, 0.11 }, { 0.32, -0.60, 0.07 } }) do
    page:paint(f:circle(at[1], at[2], at[3]):cut(cap), "#fffaf0")
  end
end

function objects.flower(page, f)
  solid(page, f, f:line(0, 0, 0, -0.84, 0.05):with(f:ellipse(0.18, -0.28, 0.19, 0.09, -0.5)), "#4aa556")
  local petals = f:circle(0, -1.32, 0.21)
  for i = 1, 5 do
    local angle = i * 2 * math.pi / 6
    petals = petals:with(f:circle(0.29 * math.sin(angle), -1.03 - 0.29 * math.cos(angle), 0.21))
  end
  solid(page, f, petals, "#ff9ad0")
  page:paint(f:circle(0, -1.03, 0.19), "#ffcf3a")
end

function objects.lantern(page, f)
  page:glow(f:circle(0, -0.45, 0.36), "#ffdf90", 0.5 * f.scale / page.size, 0.75)
  solid(page, f, f:circle(0, -0.94, 0.16):rim(0.04 * f.scale), "#5b5068")
  solid(page, f, f:box(0, -0.44, 0.30, 0.42, 0.06), "#5b5068")
  page:paint(f:box(0, -0.44, 0.21, 0.29, 0.05), { "#fff6c0", "#ffc85a" })
end

function objects.gift(page, f)
  solid(page, f, f:box(0, -0.40, 0.46, 0.40, 0.05), { "#7f8cf0", "#5560c8" })
  page:paint(f:box(0, -0.40, 0.10, 0.40):with(f:box(0, -0.46, 0.46, 0.09)), "#ffd84a")
  solid(page, f, f:ellipse(-0.18, -0.90, 0.19, 0.11, 0.5):with(f:ellipse(0.18, -0.90, 0.19, 0.11, -0.5)), "#ffd84a")
end

--- Paints all behind the creature; `chance(what, i, count)` gives numbers of this picture in [0, 1).
function scene.behind(page, at, chance)
  local outdoors = at.place ~= "room" and at.place ~= "moon"
  if outdoors then sky(page, at, chance) end
  page:light(outdoors and lights[at.time].scenery or nil)
  places[at.place](page, at, chance)
  page:light(nil)
end

--- Puts on the light that falls on the creature and its object.
function scene.figure_light(page, at)
  local figure = at.place ~= "room" and at.place ~= "moon" and lights[at.time].figure
  page:light(figure or nil)
end

--- Lights the figure's surroundings in the dark, so that it stands out.
function scene.halo(page, at, x, y, r)
  if at.time ~= "night" or at.place == "room" or at.place == "moon" then return end
  page:glow(page.frame:circle(x, y, r * 0.5), "#8f9be0", r * 0.9, 0.40)
end

function scene.object(page, frame, name) objects[name](page, frame) end

--- Paints rain or snowflakes over all.
function scene.weather(page, at, chance)
  page:light(nil)
  if at.weather == "clear" then return end
  for i = 1, at.weather == "rain" and 26 or 30 do
    local x, y, size = chance("drop", i, 3)
    if at.weather == "rain" then
      page:paint(page.frame:line(x, y, x - 0.016, y + 0.055, 0.0036), "#eaf5ff", 0.75)
    else
      page:paint(page.frame:circle(x, y, 0.006 + 0.007 * size), "#ffffff", 0.9)
    end
  end
end

return scene
