--- Shapes as signed distances, and a canvas to paint them on.
--
--   frame   where x and y of every pixel lie in a figure's own units
--   shape   distance [H, W] to an outline, in canvas pixels: negative inside
--   paint   covers what is inside; the outline's own pixel is mixed in (anti-aliasing)
--
-- Everything is drawn at twice the size and averaged down at the end.
-- Distances: I. Quilez, "2D distance functions".

local canvas = {}

local tensor = lorarun.tensor
local SUPERSAMPLE = 2

local Frame, Canvas = {}, {}
Frame.__index, Canvas.__index = Frame, Canvas

--- Gives a frame inside this one: its origin, size of one unit, turn (radians, clockwise), mirrored or not.
function Frame:at(x, y, scale, turn, mirrored)
  local dx, dy = (self.x - x) / scale, (self.y - y) / scale
  local c, s = math.cos(turn or 0), math.sin(turn or 0)
  local across = dx * c + dy * s
  return setmetatable({ x = mirrored and -across or across, y = dy * c - dx * s, scale = self.scale * scale }, Frame)
end

function Frame:circle(x, y, r)
  return (((self.x - x) ^ 2 + (self.y - y) ^ 2):sqrt() - r) * self.scale
end

--- An ellipse; the distance is exact on the outline and good near it.
function Frame:ellipse(x, y, rx, ry, turn)
  local c, s = math.cos(turn or 0), math.sin(turn or 0)
  local dx, dy = self.x - x, self.y - y
  local u, v = (dx * c + dy * s) / rx, (dy * c - dx * s) / ry
  local near = (u ^ 2 + v ^ 2):sqrt()
  local slope = ((u / rx) ^ 2 + (v / ry) ^ 2):sqrt() + 1e-6
  return near * (near - 1) / slope * self.scale
end

--- A line from a to b with round ends.
function Frame:line(ax, ay, bx, by, r)
  local ex, ey = bx - ax, by - ay
  local px, py = self.x - ax, self.y - ay
  local along = ((px * ex + py * ey) / (ex * ex + ey * ey + 1e-9)):clamp(0, 1)
  return (((px - along * ex) ^ 2 + (py - along * ey) ^ 2):sqrt() - r) * self.scale
end

--- A polygon with corners rounded by r; points are x1, y1, x2, y2, …
function Frame:polygon(points, r)
  local count = #points / 2
  local distance, crossings
  for i = 0, count - 1 do
    local j = (i + 1) % count
    local ax, ay, bx, by = points[2 * i + 1], points[2 * i + 2], points[2 * j + 1], points[2 * j + 2]
    local edge = self:line(ax, ay, bx, by, 0)
    distance = distance and distance:minimum(edge) or edge
    if ay ~= by then
      local between = (self.y:ge(math.min(ay, by)):to("float32")) * (self.y:lt(math.max(ay, by)):to("float32"))
      local left = self.x:lt((self.y - ay) * ((bx - ax) / (by - ay)) + ax):to("float32")
      crossings = crossings and crossings + between * left or between * left
    end
  end
  return distance * (1 - crossings % 2 * 2) - (r or 0) * self.scale
end

--- A box around x, y with half sides w and h.
function Frame:box(x, y, w, h, r)
  r = r or 0
  local dx, dy = (self.x - x):abs() - (w - r), (self.y - y):abs() - (h - r)
  local outside = (dx:clamp(0) ^ 2 + dy:clamp(0) ^ 2):sqrt()
  return (outside + dx:maximum(dy):clamp(nil, 0) - r) * self.scale
end

--- All below a line: y greater than `height`, a number or a tensor of heights.
function Frame:below(height)
  return (height - self.y) * self.scale
end

--- A curve of discs from a by way of b to c; radius(t) for t in [0, 1]; between from and to.
function Frame:curve(points, radius, from, to)
  local ax, ay, bx, by, cx, cy = unpack(points)
  local steps, distance = 28, nil
  for i = 0, steps do
    local t = (from or 0) + ((to or 1) - (from or 0)) * i / steps
    local a, b, c = (1 - t) ^ 2, 2 * t * (1 - t), t ^ 2
    local disc = self:circle(a * ax + b * bx + c * cx, a * ay + b * by + c * cy, radius(t))
    distance = distance and distance:minimum(disc) or disc
  end
  return distance
end

--- Joins shapes with a seam rounded over `blend` units of the frame.
function Frame:blend(a, b, blend)
  local k = blend * self.scale
  local h = (k - (a - b):abs()):clamp(0) / k
  return a:minimum(b) - h ^ 2 * (k / 4)
end

--- Gives a colour as [3, 1, 1] from "#rrggbb"; tensors pass.
function canvas.colour(code)
  if type(code) ~= "string" then return code end
  local parts = {}
  for pair in code:gmatch("%x%x") do parts[#parts + 1] = tonumber(pair, 16) / 255 end
  return tensor.from(parts):reshape(3, 1, 1)
end

--- Gives the colour between a and b; `part` is a number or a tensor [H, W].
function canvas.mix(a, b, part)
  a, b = canvas.colour(a), canvas.colour(b)
  return a + (b - a) * part
end

function canvas.union(first, ...)
  for _, other in ipairs({ ... }) do first = first:minimum(other) end
  return first
end

function canvas.both(a, b) return a:maximum(b) end

function canvas.without(a, b) return a:maximum(-b) end

--- Gives an empty canvas of width x height pixels.
function canvas.new(width, height)
  local function axis(count) return (tensor.arange(1, count * SUPERSAMPLE) - 0.5) / SUPERSAMPLE end
  local shape = { height * SUPERSAMPLE, width * SUPERSAMPLE }
  local frame = setmetatable({
    x = axis(width):reshape(1, -1):expand(shape),
    y = axis(height):reshape(-1, 1):expand(shape),
    scale = SUPERSAMPLE,
  }, Frame)
  return setmetatable({ frame = frame, width = width, height = height, pixels = tensor.zeros({ 3, shape[1], shape[2] }) }, Canvas)
end

--- Paints what is inside of a shape.
function Canvas:paint(distance, colour, opacity)
  local cover = (0.5 - distance):clamp(0, 1) * (opacity or 1)
  self.pixels = self.pixels + (canvas.colour(colour) - self.pixels) * cover
end

--- Paints a light or a shadow whose edge fades over `soft` pixels of the picture, outwards.
function Canvas:glow(distance, colour, soft, opacity)
  local cover = (1 - distance / (soft * SUPERSAMPLE)):clamp(0, 1) ^ 2 * (opacity or 1)
  self.pixels = self.pixels + (canvas.colour(colour) - self.pixels) * cover
end

--- Fills all with colours from top to bottom: { "#top", "#middle", …, "#bottom" }.
function Canvas:fill(colours)
  local place = self.frame.y / self.height * (#colours - 1)
  self.pixels = self.pixels * 0 + canvas.colour(colours[1])
  for i = 2, #colours do
    local part = (place - (i - 2)):clamp(0, 1)
    self.pixels = canvas.mix(self.pixels, colours[i], part)
  end
end

--- Gives the finished picture [3, height, width].
function Canvas:finish()
  local shape = { 3, self.height, SUPERSAMPLE, self.width, SUPERSAMPLE }
  return self.pixels:reshape(shape):mean({ 3, 5 }):clamp(0, 1)
end

return canvas
