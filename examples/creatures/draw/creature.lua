--- One creature: body, limbs, face and clothes in a pose.
--
--   look    { shape, colour, eyes, top, tail, pattern, wear, pose, view } in the words of world.lua, and for
--           characters also { pattern_ink, iris, tail_ink, top_ink, cheek }
--   frame   the origin is the ground between its feet; looking left is looking right, mirrored

local part = ...
local canvas, body, face = part "canvas", part "body", part "face"
local creature = {}

local OUTLINE = 0.055 -- units
local TAIL = 0.22 -- units that a tail moves the body to the other side

creature.colours = {
  red = "#e2463f", orange = "#f58a2c", yellow = "#f9cf3e", green = "#58b54a", blue = "#3f7fe0",
  purple = "#8d5bd0", pink = "#f58fb8", brown = "#96633f", white = "#f6f3ee", teal = "#2fb3a8",
}

creature.cloth = { red = "#d8303c", blue = "#2f63c9", yellow = "#f7c52e" }

-- stretch x, y and lift of the body; where the arms point; how the feet stand; asleep or not; mouth
local poses = {
  standing = { x = 1, y = 1, lift = 0.30, arms = { "down", "down" }, feet = "legs", mouth = "smile" },
  sitting = { x = 1.03, y = 0.97, lift = 0.02, arms = { "lap", "lap" }, feet = "soles", mouth = "smile" },
  waving = { x = 1, y = 1, lift = 0.30, arms = { "down", "up" }, feet = "legs", mouth = "open" },
  jumping = { x = 0.95, y = 1.05, lift = 0.86, arms = { "up", "up" }, feet = "apart", mouth = "open" },
  sleeping = { x = 1.14, y = 0.80, lift = 0.0, arms = { "none", "none" }, feet = "none", mouth = "small", asleep = true },
}

-- Paints a part with its outline.
local function solid(page, frame, shape, inks, fill)
  page:paint(shape:grow(OUTLINE * frame.scale), inks.line)
  page:paint(shape, fill)
end

local function shadow(page, frame, b, s)
  local wide = b.wide * s.x * (s.lift > 0.5 and 0.62 or 0.92)
  local flat = frame:line(-wide * 0.72, 0.03, wide * 0.72, 0.03, 0.005)
  page:glow(flat, "#10142c", 0.26 * frame.scale / page.size, s.lift > 0.5 and 0.34 or 0.5)
end

local function feet(page, frame, kind, b, s, inks)
  for _, side in ipairs({ -1, 1 }) do
    local x = side * b.foot * s.x
    if kind == "legs" then
      local foot = frame:ellipse(x + side * 0.04, -0.10, 0.27, 0.15)
      solid(page, frame, frame:line(x, -s.lift - 0.25, x, -0.14, 0.17):with(foot), inks, inks.fur[2])
    elseif kind == "apart" then
      local fx = x + side * 0.22
      local foot = frame:ellipse(fx + side * 0.06, -s.lift + 0.24, 0.24, 0.15)
      solid(page, frame, frame:line(x, -s.lift - 0.2, fx, -s.lift + 0.20, 0.16):with(foot), inks, inks.fur[2])
    end
  end
end

-- The soles of one who sits, in front of the body.
local function soles(page, frame, b, s, inks)
  for _, side in ipairs({ -1, 1 }) do
    local x = side * (b.foot * s.x + 0.16)
    solid(page, frame, frame:ellipse(x, -0.17, 0.27, 0.25), inks, inks.fur[1])
    page:paint(frame:ellipse(x, -0.14, 0.13, 0.12), inks.pale)
  end
end

local function arm(page, frame, kind, side, b, s, inks)
  local x, y = side * b.arm[1] * s.x, -s.lift - b.arm[2] * s.y
  local shape
  if kind == "up" then
    shape = frame:line(x - side * 0.08, y, x + side * 0.40, y - 0.62, 0.15, 0.19)
  elseif kind == "down" then
    shape = frame:line(x - side * 0.10, y - 0.05, x + side * 0.22, y + 0.44, 0.16, 0.17)
  elseif kind == "lap" then
    shape = frame:line(x - side * 0.02, y + 0.22, x - side * 0.22, y + 0.52, 0.13, 0.16)
  end
  if shape then solid(page, frame, shape, inks, inks.fur[1]) end
end

local wears = {}

function wears.crown(page, frame, at, inks)
  local x, y = at.x, at.top + 0.10
  local shape = frame:box(x, y - 0.10, 0.46, 0.14)
  for i = -1, 1 do
    local tip = x + i * 0.32
    shape = shape:with(frame:polygon({ tip, y - 0.56, tip + 0.17, y - 0.12, tip - 0.17, y - 0.12 }))
  end
  solid(page, frame, shape, inks, { "#ffe27a", "#f0a828" })
  for i = -1, 1 do page:paint(frame:circle(x + i * 0.26, y - 0.08, 0.07), i == 0 and "#e2463f" or "#3fb0e0") end
end

wears["party hat"] = function(page, frame, at, inks)
  local x, y = at.x, at.top + 0.12
  local hat = frame:polygon({ x, y - 0.98, x + 0.42, y, x - 0.42, y })
  solid(page, frame, hat, inks, "#f0569a")
  for i = 0, 1 do
    page:paint(frame:line(x - 0.5, y - 0.22 - i * 0.34, x + 0.5, y - 0.36 - i * 0.34, 0.06):cut(hat), "#ffe27a")
  end
  solid(page, frame, frame:circle(x, y - 0.98, 0.13), inks, "#7fe0f0")
end

wears["top hat"] = function(page, frame, at, inks)
  local x, y = at.x, at.top + 0.06
  local brim = frame:box(x, y, 0.64, 0.08, 0.08)
  solid(page, frame, frame:box(x, y - 0.40, 0.38, 0.40, 0.06):with(brim), inks, { "#4a4460", "#2c2740" })
  page:paint(frame:box(x, y - 0.16, 0.38, 0.09), "#d8303c")
end

wears["wool hat"] = function(page, frame, at, inks, ink)
  local x, y = at.x, at.top + 0.26
  local cap = frame:ellipse(x, y, 0.62, 0.60):cut(frame:box(x, y - 0.4, 0.8, 0.4))
  solid(page, frame, cap, inks, ink)
  solid(page, frame, frame:box(x, y - 0.02, 0.66, 0.12, 0.11), inks, canvas.mix(ink, "#ffffff", 0.55))
  solid(page, frame, frame:circle(x, y - 0.62, 0.16), inks, "#fffaf0")
end

function wears.scarf(page, frame, at, inks, ink, skin)
  local y, w = at.neck, at.wide
  local knot = frame:line(at.x + 0.34, y, at.x + 0.42, y + 0.52, 0.14, 0.17)
  solid(page, frame, knot, inks, canvas.mix(ink, "#1c1230", 0.18))
  local band = frame:path { { -w, y - 0.12, 0.14 }, { -w * 0.5, y + 0.02, 0.15 }, { 0, y + 0.06, 0.15 },
    { w * 0.5, y + 0.02, 0.15 }, { w, y - 0.12, 0.14 } }
  solid(page, frame, band:cut(skin:grow(0.02 * frame.scale)), inks, ink)
end

wears["bow tie"] = function(page, frame, at, inks, ink)
  local x, y = at.x, at.neck
  local left = frame:polygon({ x, y, x - 0.36, y + 0.20, x - 0.36, y - 0.20 })
  local right = frame:polygon({ x, y, x + 0.36, y - 0.20, x + 0.36, y + 0.20 })
  solid(page, frame, left:with(right), inks, ink)
  solid(page, frame, frame:circle(x, y, 0.10), inks, canvas.mix(ink, "#1c1230", 0.25))
end

local function top_parts(page, frame, look, at, inks)
  for _, piece in ipairs(body.top(frame, look.top, at)) do
    local ink = look.top_ink or piece[2]
    solid(page, frame, piece[1], inks, inks[ink] or ink)
    if piece.bulb then
      solid(page, frame, piece[3], inks, look.top_ink or "#ffd84a")
    elseif piece[3] then
      page:paint(piece[3], piece[2] == "fur" and inks.inner or inks.deep, piece[2] ~= "fur" and 0.5 or nil)
    end
  end
end

-- Shade along the lower right and a light spot at the upper left make the body round.
local function round_off(page, frame, skin, b, s)
  local y = -s.lift - b.top * s.y * 0.5
  local lit = frame:ellipse(-0.16, y - 0.16, b.wide * s.x * 1.02, b.top * s.y * 0.56)
  page:paint(skin:without(lit), "#1c1230", 0.16)
  page:paint(frame:ellipse(-b.wide * 0.42, -s.lift - b.top * s.y * 0.86, 0.17, 0.09, -0.5):cut(skin), "#ffffff", 0.5)
end

local function snores(page, frame, b, s)
  for i = 0, 2 do
    local f = frame:at(b.wide * 0.55 + i * 0.27, -b.top * s.y - 0.12 - i * 0.30, 0.10 + i * 0.028, 0.1)
    local z = f:path({ { -1, -1, 0.26 }, { 1, -1, 0.26 }, { -1, 1, 0.26 }, { 1, 1, 0.26 } })
    page:paint(z:grow(0.05 * frame.scale), "#2a2450")
    page:paint(z, "#ffffff")
  end
end

local function dress(page, f, look, b, s, inks, skin, shift)
  local neck = math.max(b.face - 0.76, 0.16)
  local at = { x = shift * 0.5, top = -s.lift - b.top * s.y, neck = -s.lift - neck * s.y, wide = b.wide * s.x }
  if look.wear:find("hat") then -- hats sit at a slant
    f = f:at(at.x, at.top, 1, shift < 0 and -0.08 or 0.12):at(-at.x, -at.top, 1)
  end
  wears[look.wear](page, f, at, inks, creature.cloth[look.wear_colour], skin)
end

local function inks_of(look)
  local colour = creature.colours[look.colour] or look.colour
  local inks = body.inks(colour)
  local blush = (look.colour == "red" or look.colour == "pink") and "#c8284e" or "#ff6f86"
  inks.lid = canvas.mix(colour, "#2a1440", 0.14)
  inks.iris, inks.cheek = look.iris or "#3a9a6a", look.cheek or blush
  inks.inner = look.colour == "pink" and "#ffd9e6" or "#ffb3b8"
  inks.pattern = look.pattern_ink
    or look.pattern == "pale belly" and inks.pale
    or (look.colour == "white" and "#8f9bb5" or look.colour == "yellow" and "#b8702a" or canvas.mix(colour, "#2a1440", 0.46))
  return inks
end

-- How far above the body things reach.
local reach = { horns = 0.62, horn = 0.66, ["round ears"] = 0.26, ["pointy ears"] = 0.48, ["long ears"] = 0.96, antennae = 0.76,
  crown = 0.50, ["party hat"] = 1.02, ["top hat"] = 0.80, ["wool hat"] = 0.54 }

--- Gives the height of a creature in units, from the ground to the tip of its hat.
function creature.height(look)
  local b, s = body.shapes[look.shape], poses[look.pose]
  return s.lift + b.top * s.y + math.max(reach[look.top] or 0, reach[look.wear] or 0, s.asleep and 0.9 or 0.1)
end

--- Gives half the width of a creature in units.
function creature.half_width(look)
  return body.shapes[look.shape].wide * poses[look.pose].x + 0.25 + (look.tail and TAIL or 0)
end

--- Paints a creature and gives nothing; what it covers is in page.extent (pixels), without its shadow and its snores.
function creature.paint(page, frame, look)
  local b, s, inks = body.shapes[look.shape], poses[look.pose], inks_of(look)
  local f = frame:at(0, 0, 1, 0, look.view == "right")
  if look.tail then f = f:at(-TAIL, 0, 1) end
  local turned = look.view ~= "front"
  local shift = turned and -0.30 * b.wide or 0
  local at = { x = b.ear[1] * s.x, y = -s.lift - b.ear[2] * s.y, top = -s.lift - b.top * s.y }
  shadow(page, f, b, s)
  page:track(true)
  local skin = body.outline(f, look.shape, s)
  if look.tail then
    local tail = body.tail(f, look.tail, b.wide * s.x * 0.84, -s.lift - 0.34)
    solid(page, f, tail, inks, look.tail_ink or inks.fur)
  end
  top_parts(page, turned and f:at(shift * 0.35, 0, 1) or f, look, at, inks)
  feet(page, f, s.feet, b, s, inks)
  for i, side in ipairs({ -1, 1 }) do
    if s.arms[i] ~= "lap" then arm(page, f, s.arms[i], side, b, s, inks) end
  end
  solid(page, f, skin, inks, inks.fur)
  if look.pattern then body.pattern(page, f, look.pattern, skin, inks.pattern, s, b) end
  round_off(page, f, skin, b, s)
  if s.feet == "soles" then soles(page, f, b, s, inks) end
  local place = { x = shift, y = -s.lift - b.face * s.y, gap = b.gap, far = turned and 0.84 or 1, look = turned and -1 or 0 }
  face.paint(page, f, place, inks, { eyes = look.eyes, asleep = s.asleep, mouth = s.mouth })
  if look.wear then dress(page, f, look, b, s, inks, skin, shift) end
  for i, side in ipairs({ -1, 1 }) do
    if s.arms[i] == "lap" then arm(page, f, "lap", side, b, s, inks) end
  end
  page:track(false)
  if s.asleep then snores(page, frame, b, s) end
end

return creature
