--- The bodies of creatures, and what grows on them: ears and horns, tails, patterns.
--
--   unit     a creature is about two units high; the origin is the ground between its feet
--   anchors  up is measured from the body's lowest point: face, gap (half the distance of the eyes),
--            ear { x, up }, arm { x, up }, top, foot x, half width `wide`
--   stretch  { x, y, lift }: a pose squeezes a body and lifts it off the ground

local part = ...
local canvas = part "canvas"
local body = {}

body.shapes = {
  round = { wide = 1.02, top = 1.96, face = 1.16, gap = 0.40, ear = { 0.56, 1.74 }, arm = { 0.90, 0.92 }, foot = 0.46 },
  tall = { wide = 0.74, top = 2.50, face = 1.74, gap = 0.31, ear = { 0.40, 2.30 }, arm = { 0.68, 1.18 }, foot = 0.36 },
  square = { wide = 0.96, top = 1.84, face = 1.14, gap = 0.42, ear = { 0.66, 1.76 }, arm = { 0.92, 0.86 }, foot = 0.50 },
  pear = { wide = 1.06, top = 2.14, face = 1.54, gap = 0.29, ear = { 0.38, 1.98 }, arm = { 0.76, 1.00 }, foot = 0.50 },
  fluffy = { wide = 1.12, top = 2.06, face = 1.12, gap = 0.38, ear = { 0.58, 1.80 }, arm = { 0.98, 0.90 }, foot = 0.46 },
  wide = { wide = 1.34, top = 1.50, face = 0.86, gap = 0.50, ear = { 0.84, 1.24 }, arm = { 1.20, 0.66 }, foot = 0.70 },
}

local outlines = {}

function outlines.round(frame, s) return frame:ellipse(0, -s.lift - 0.98 * s.y, 1.02 * s.x, 0.98 * s.y) end

function outlines.tall(frame, s) return frame:box(0, -s.lift - 1.25 * s.y, 0.74 * s.x, 1.25 * s.y, 0.70 * s.x) end

function outlines.square(frame, s) return frame:box(0, -s.lift - 0.92 * s.y, 0.96 * s.x, 0.92 * s.y, 0.34) end

function outlines.pear(frame, s)
  local belly = frame:ellipse(0, -s.lift - 0.72 * s.y, 1.06 * s.x, 0.74 * s.y)
  return belly:melt(frame:ellipse(0, -s.lift - 1.50 * s.y, 0.64 * s.x, 0.64 * s.y), 0.5 * frame.scale)
end

function outlines.fluffy(frame, s)
  local whole = frame:ellipse(0, -s.lift - s.y, 0.90 * s.x, 0.86 * s.y)
  for i = 0, 10 do
    local angle = (i + 0.5) * 2 * math.pi / 11
    local x, y = 0.83 * s.x * math.sin(angle), -s.lift - s.y + 0.77 * s.y * math.cos(angle)
    whole = whole:with(frame:circle(x, y, 0.29))
  end
  return whole
end

function outlines.wide(frame, s) return frame:ellipse(0, -s.lift - 0.75 * s.y, 1.34 * s.x, 0.75 * s.y) end

--- Gives the outline of a body.
function body.outline(frame, name, stretch) return outlines[name](frame, stretch) end

--- What sits on the head: ears[name](at, inks) with `at.x` to the side and `at.y` at the root; -1 left, 1 right.
--  Each gives a list of { shape, ink, inner = shape or nil }, painted behind the body.
local tops = {}

local function pair(frame, at, one)
  return { one(frame, -at.x, at.y, -1), one(frame, at.x, at.y, 1) }
end

function tops.horns(frame, at)
  return pair(frame, at, function(f, x, y, side)
    return { f:curve(x, y + 0.1, x + side * 0.34, y - 0.28, x + side * 0.10, y - 0.66,
      function(t) return 0.19 - 0.15 * t end, 4), "#fff0cc" }
  end)
end

function tops.horn(frame, at)
  local y = at.top
  return { { frame:line(0, y + 0.2, 0, y - 0.62, 0.22, 0.03), "#ffe08a", frame:line(-0.12, y - 0.12, 0.12, y - 0.2, 0.035) } }
end

tops["round ears"] = function(frame, at)
  return pair(frame, at, function(f, x, y, side)
    return { f:circle(x + side * 0.10, y - 0.08, 0.36), "fur", f:circle(x + side * 0.10, y - 0.08, 0.19) }
  end)
end

tops["pointy ears"] = function(frame, at)
  return pair(frame, at, function(f, x, y, side)
    local px, py = x + side * 0.16, y - 0.58
    local inner = f:line(x, y + 0.05, px - side * 0.04, py + 0.22, 0.17, 0.03)
    return { f:line(x - side * 0.08, y + 0.18, px, py, 0.36, 0.05), "fur", inner }
  end)
end

tops["long ears"] = function(frame, at)
  return pair(frame, at, function(f, x, y, side)
    local px = x * 0.75
    local inner = f:line(px + side * 0.03, y - 0.1, px + side * 0.19, y - 0.84, 0.08, 0.11)
    return { f:line(px, y, px + side * 0.20, y - 0.86, 0.19, 0.23), "fur", inner }
  end)
end

function tops.antennae(frame, at)
  return pair(frame, at, function(f, x, _, side)
    local px = x * 0.5
    local stalk = f:curve(px, at.top + 0.2, px, at.top - 0.40, px + side * 0.30, at.top - 0.52, function() return 0.05 end, 3)
    return { stalk, "line", f:circle(px + side * 0.32, at.top - 0.54, 0.17), bulb = true }
  end)
end

--- Gives the parts on top of the head: { shape, ink, inner }.
function body.top(frame, name, at) return name and tops[name](frame, at) or {} end

local tails = {}

function tails.curly(frame, x, y)
  return frame:path { { x - 0.3, y, 0.13 }, { x + 0.24, y + 0.04, 0.13 }, { x + 0.60, y - 0.14, 0.12 },
    { x + 0.68, y - 0.44, 0.115 }, { x + 0.48, y - 0.64, 0.11 }, { x + 0.24, y - 0.54, 0.10 }, { x + 0.26, y - 0.34, 0.09 } }
end

function tails.bushy(frame, x, y)
  local function radius(t) return 0.14 + 0.62 * t * (1.12 - t) end
  return frame:curve(x - 0.3, y + 0.05, x + 1.0, y + 0.15, x + 0.66, y - 0.98, radius, 6)
end

function tails.dragon(frame, x, y)
  local curve = frame:curve(x - 0.4, y, x + 0.9, y + 0.22, x + 0.88, y - 0.52, function(t) return 0.25 - 0.17 * t end, 6)
  return curve:with(frame:polygon({ x + 0.60, y - 0.44, x + 0.90, y - 0.98, x + 1.16, y - 0.42, x + 0.88, y - 0.54 }))
end

--- Gives a tail that leaves the body at x, y to the right.
function body.tail(frame, name, x, y) return tails[name](frame, x, y) end

--- Patterns paint inside of `skin`; `s` is the stretch, `b` the anchors.
local patterns = {}

local function height(s, up) return -s.lift - up * s.y end

local SPOTS = { -- x in half widths, height in heights of the body, radius
  { -0.72, 0.30, 0.20 }, { 0.78, 0.42, 0.17 }, { 0.02, 0.16, 0.17 }, { -0.86, 0.66, 0.13 },
  { 0.50, 0.20, 0.11 }, { 0.80, 0.74, 0.14 }, { -0.40, 0.17, 0.12 }, { -0.62, 0.86, 0.15 },
  { 0.14, 0.90, 0.16 }, { 0.56, 0.92, 0.10 }, { -0.30, 0.38, 0.10 },
}

function patterns.spotted(page, frame, skin, ink, s, b)
  for _, spot in ipairs(SPOTS) do
    page:paint(frame:circle(spot[1] * b.wide * s.x, height(s, spot[2] * b.top), spot[3]):cut(skin), ink)
  end
end

function patterns.striped(page, frame, skin, ink, s, b)
  for _, up in ipairs({ 0.08, 0.27, 0.88 }) do
    local y, w = height(s, up * b.top), b.wide * s.x
    page:paint(frame:path({ { -w, y - 0.08, 0.10 }, { -w * 0.5, y + 0.03, 0.10 }, { 0, y + 0.06, 0.10 },
      { w * 0.5, y + 0.03, 0.10 }, { w, y - 0.08, 0.10 } }):cut(skin), ink)
  end
end

patterns["pale belly"] = function(page, frame, skin, ink, s, b)
  page:paint(frame:ellipse(0, height(s, b.top * 0.14), b.wide * s.x * 0.64, b.top * s.y * 0.28):cut(skin), ink)
end

-- Those of the named characters; no caption tells them.
function patterns.star(page, frame, skin, ink, s, b)
  page:paint(frame:star(0, height(s, b.top * 0.24), 0.40):cut(skin), ink)
end

function patterns.heart(page, frame, skin, ink, s, b)
  page:paint(frame:heart(0, height(s, b.top * 0.25), 0.32):cut(skin), ink)
end

function patterns.mask(page, frame, skin, ink, s, b)
  page:paint(frame:box(0, height(s, b.face), 2, 0.30):cut(skin), ink)
end

function patterns.dipped(page, frame, skin, ink, s, b)
  local y = height(s, b.top * 0.30)
  local drops = frame:box(0, y + 1.0, 2, 1.0)
  for i = -2, 2 do drops = drops:with(frame:circle(i * 0.46, y + (i % 2 == 0 and 0.04 or -0.04), 0.24)) end
  page:paint(drops:cut(skin), ink)
end

function patterns.zigzag(page, frame, skin, ink, s, b)
  local y, points = height(s, b.top * 0.26), {}
  for i = -4, 4 do points[#points + 1] = { i * 0.30, y + (i % 2 == 0 and 0.13 or -0.13), 0.085 } end
  page:paint(frame:path(points):cut(skin), ink)
end

function patterns.halves(page, frame, skin, ink)
  page:paint(frame:box(1, -1, 1, 3):cut(skin), ink)
end

--- Paints a pattern on the skin.
function body.pattern(page, frame, name, skin, ink, stretch, anchors)
  patterns[name](page, frame, skin, ink, stretch, anchors)
end

--- Gives the inks of a creature of one colour: fur (top and bottom), line, pale, deep.
function body.inks(colour)
  return {
    fur = { canvas.mix(colour, "#ffffff", 0.14), canvas.mix(colour, "#3a1a50", 0.12) },
    line = canvas.mix(colour, "#1c1230", 0.76),
    pale = canvas.mix(colour, "#fffaf0", 0.68),
    deep = canvas.mix(colour, "#2a1440", 0.34),
  }
end

return body
