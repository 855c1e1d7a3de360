--- Lorafox: a small orange fox with dark socks and ears and a pale star on the forehead.
--
--   unit    half the width of the head; the origin is the middle of the head
--   poses   head, sitting, standing, sleeping
--   opts    eyes "open", "closed", "sleepy", "happy"; look -1 left … 1 right; scarf "#colour"

local canvas = ...
local fox = {}

local ORANGE, DEEP, CREAM, DARK, LINE = "#f08a3c", "#d9682a", "#fff3df", "#4a2c2a", "#5a3026"
local OUTLINE = 0.055 -- units

-- Paints a part with its outline; fur gets darker from `top` to `bottom`.
local function fur(page, frame, shape, top, bottom)
  local part = ((frame.y - top) / (bottom - top)):clamp(0, 1)
  page:paint(shape - OUTLINE * frame.scale, LINE)
  page:paint(shape, canvas.mix(ORANGE, DEEP, part))
end

local function star(frame, x, y, r)
  local points = {}
  for i = 0, 9 do
    local angle, size = math.pi * i / 5, i % 2 == 0 and r or r * 0.45
    points[#points + 1] = x + size * math.sin(angle)
    points[#points + 1] = y - size * math.cos(angle)
  end
  return frame:polygon(points, r * 0.12)
end

local function ear(page, frame, side)
  local shape = frame:polygon({ side * 0.90, -0.22, side * 0.84, -1.28, side * 0.16, -0.70 }, 0.09)
  fur(page, frame, shape, -1.4, 0.2)
  page:paint(canvas.both(shape, -frame:below(-0.93)), DARK)
  page:paint(frame:polygon({ side * 0.74, -0.45, side * 0.72, -0.88, side * 0.40, -0.62 }, 0.06), "#ffb9a0")
end

local function eye(page, frame, x, kind, look)
  local y = 0.02
  if kind == "open" then
    page:paint(frame:ellipse(x + look * 0.06, y, 0.135, 0.19), "#2b1a1d")
    page:paint(frame:circle(x + look * 0.06 + 0.05, y - 0.075, 0.052), "#ffffff")
    page:paint(frame:circle(x + look * 0.06 - 0.045, y + 0.08, 0.028), "#ffffff", 0.8)
    return
  end
  local ring = frame:ellipse(x, y, 0.17, 0.13):abs() - 0.035 * frame.scale
  local upper = -frame:below(y)
  page:paint(canvas.both(ring, kind == "happy" and upper or -upper), "#2b1a1d")
end

local function face(page, frame, head, opts)
  local look = opts.look or 0
  local shift = look * 0.09
  local cheeks = canvas.union(frame:ellipse(-0.58 + shift, 0.50, 0.56, 0.40, -0.25),
    frame:ellipse(0.58 + shift, 0.50, 0.56, 0.40, 0.25), frame:ellipse(shift, 0.46, 0.40, 0.42))
  page:paint(canvas.both(cheeks, head), CREAM)
  page:paint(star(frame, shift, -0.40, 0.19), CREAM)
  for _, side in ipairs({ -1, 1 }) do
    eye(page, frame, side * 0.43 + shift, opts.eyes or "open", look)
    page:glow(frame:ellipse(side * 0.64 + shift, 0.32, 0.08, 0.05), "#ff8f7a", frame.scale * 0.06, 0.5)
  end
  page:paint(frame:ellipse(shift * 1.4, 0.27, 0.135, 0.10), "#2b1a1d")
  page:paint(frame:ellipse(shift * 1.4 - 0.035, 0.24, 0.04, 0.025), "#ffffff", 0.7)
  for _, side in ipairs({ -1, 1 }) do
    local ring = frame:circle(side * 0.115 + shift * 1.3, 0.42, 0.115):abs() - 0.026 * frame.scale
    page:paint(canvas.both(ring, frame:below(0.43)), "#2b1a1d")
  end
end

--- Paints the head.
function fox.head(page, frame, opts)
  opts = opts or {}
  ear(page, frame, -1)
  ear(page, frame, 1)
  local head = frame:ellipse(0, 0, 1.0, 0.84)
  for _, side in ipairs({ -1, 1 }) do
    local tuft = frame:polygon({ side * 0.55, 0.10, side * 1.24, 0.40, side * 0.30, 0.74 }, 0.05)
    head = frame:blend(head, tuft, 0.22)
  end
  fur(page, frame, head, -0.9, 0.9)
  face(page, frame, head, opts)
end

local function tail_radius(t) return 0.16 + 0.72 * t * (1.25 - t) ^ 0.9 - 0.18 * t ^ 6 end

local function tail(page, frame, points)
  local whole = frame:curve(points, tail_radius)
  fur(page, frame, whole, -0.2, 2.6)
  page:paint(canvas.both(frame:curve(points, function(t) return tail_radius(t) + 0.03 end, 0.70, 1), whole), CREAM)
end

local function leg(page, frame, x, top, foot)
  local shape = canvas.union(frame:line(x, top, x, foot, 0.19), frame:ellipse(x, foot + 0.06, 0.25, 0.17))
  fur(page, frame, shape, 0.6, 2.8)
  page:paint(canvas.both(shape, frame:below(foot - 0.22)), DARK)
end

local function scarf(page, frame, colour)
  local dark = canvas.mix(colour, "#000000", 0.22)
  local knot = frame:polygon({ 0.30, 0.98, 0.62, 0.98, 0.74, 1.72, 0.36, 1.76 }, 0.05)
  local band = frame:ellipse(0, 0.86, 0.66, 0.25)
  page:paint(canvas.union(knot, band) - OUTLINE * frame.scale, LINE)
  page:paint(knot, dark)
  page:paint(band, colour)
end

local function shadow(page, frame, x, y, width)
  page:glow(frame:ellipse(x, y, width, 0.12), "#1d2433", frame.scale * 0.16, 0.32)
end

--- Paints the fox sitting; its paws stand at y = 2.5.
function fox.sitting(page, frame, opts)
  opts = opts or {}
  shadow(page, frame, 0.3, 2.5, 1.3)
  tail(page, frame, { 0.45, 2.20, 2.05, 2.45, 1.55, 0.90 })
  local body = frame:blend(frame:ellipse(0, 1.35, 0.56, 0.70), frame:ellipse(0, 1.95, 0.78, 0.58), 0.4)
  fur(page, frame, body, 0.4, 2.6)
  page:paint(canvas.both(frame:ellipse(0, 1.15, 0.40, 0.66), body), CREAM)
  leg(page, frame, -0.27, 1.75, 2.40)
  leg(page, frame, 0.27, 1.75, 2.40)
  if opts.scarf then scarf(page, frame, opts.scarf) end
  fox.head(page, frame, opts)
end

--- Paints the fox on four legs, its tail to the right; its paws stand at y = 2.3.
function fox.standing(page, frame, opts)
  opts = opts or {}
  shadow(page, frame, 0.75, 2.30, 1.35)
  tail(page, frame, { 1.65, 1.25, 2.75, 1.50, 2.55, -0.05 })
  leg(page, frame, 0.34, 1.5, 2.12)
  leg(page, frame, 1.38, 1.5, 2.12)
  local body = frame:line(0.25, 1.20, 1.40, 1.22, 0.56)
  fur(page, frame, body, 0.4, 2.1)
  page:paint(canvas.both(frame:ellipse(0.02, 1.15, 0.44, 0.52), body), CREAM)
  leg(page, frame, -0.08, 1.55, 2.20)
  leg(page, frame, 1.68, 1.55, 2.20)
  if opts.scarf then scarf(page, frame, opts.scarf) end
  fox.head(page, frame, opts)
end

--- Paints the fox curled up asleep; it lies on y = 1.3.
function fox.sleeping(page, frame)
  shadow(page, frame, 0.8, 1.30, 1.9)
  fur(page, frame, frame:ellipse(1.0, 0.45, 1.45, 0.88), -0.6, 1.6)
  fox.head(page, frame:at(-0.15, 0.22, 1, -0.12), { eyes = "sleepy" })
  tail(page, frame, { 2.30, 0.55, 1.75, 1.45, 0.10, 1.08 })
end

return fox
