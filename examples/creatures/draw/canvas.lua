--- Shapes that know where they are, and a page that paints only there.
--
--   frame   a place on the page: origin, unit, turn, mirrored or not; makes shapes in its own units, y downwards
--   shape   { box in pixels, distance(grid) }: signed pixels to the outline, negative inside
--   paint   mixes a colour in where the shape is; the outline's own pixel in part (anti-aliasing)
--
-- A shape is computed on its box alone, so an eye costs no more than its few pixels, and x stays a row
-- and y a column until they meet.  Distances: I. Quilez, "2D distance functions".

local canvas = {}

local tensor = lorarun.tensor

local Frame, Shape, Page = {}, {}, {}
Frame.__index, Shape.__index, Page.__index = Frame, Shape, Page

-- px = a x + b y + e, py = c x + d y + f; the unit is `scale` pixels in all directions.
local function frame(a, b, c, d, e, f, scale)
  return setmetatable({ a = a, b = b, c = c, d = d, e = e, f = f, scale = scale }, Frame)
end

--- Gives a frame inside this one: its origin, unit, turn (radians, clockwise), mirrored or not.
function Frame:at(x, y, unit, turn, mirrored)
  local cos, sin = math.cos(turn or 0) * unit, math.sin(turn or 0) * unit
  local flip = mirrored and -1 or 1
  local xx, xy, yx, yy = cos * flip, -sin, sin * flip, cos
  return frame(self.a * xx + self.b * yx, self.a * xy + self.b * yy, self.c * xx + self.d * yx, self.c * xy + self.d * yy,
    self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f, self.scale * unit)
end

--- Gives the pixel of a point of the frame.
function Frame:pixel(x, y) return self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f end

-- Where the pixels of a grid lie in this frame; rows and columns where nothing turns.
function Frame:inside(grid)
  local dx, dy, unit = grid.x - self.e, grid.y - self.f, self.scale * self.scale
  if self.b == 0 then return dx * (self.a / unit), dy * (self.d / unit) end
  return dx * (self.a / unit) + dy * (self.c / unit), dx * (self.b / unit) + dy * (self.d / unit)
end

local function shape(x0, y0, x1, y1, distance)
  return setmetatable({ x0 = x0, y0 = y0, x1 = x1, y1 = y1, distance = distance }, Shape)
end

-- A shape of this frame between two corners; `body` gives its distance in units.
function Frame:shape(left, top, right, bottom, body)
  local x0, y0, x1, y1 = math.huge, math.huge, -math.huge, -math.huge
  for _, corner in ipairs({ { left, top }, { right, top }, { left, bottom }, { right, bottom } }) do
    local x, y = self:pixel(corner[1], corner[2])
    x0, y0, x1, y1 = math.min(x0, x), math.min(y0, y), math.max(x1, x), math.max(y1, y)
  end
  return shape(x0, y0, x1, y1, function(grid)
    local x, y = self:inside(grid)
    return body(x, y) * self.scale
  end)
end

function Frame:circle(x, y, r)
  return self:shape(x - r, y - r, x + r, y + r, function(px, py)
    local dx, dy = px - x, py - y
    return (dx * dx + dy * dy):sqrt() - r
  end)
end

--- An ellipse; the distance is exact on the outline and good near it.
function Frame:ellipse(x, y, rx, ry, turn)
  if turn then return self:at(x, y, 1, turn):ellipse(0, 0, rx, ry) end
  return self:shape(x - rx, y - ry, x + rx, y + ry, function(px, py)
    local u, v = (px - x) * (1 / rx), (py - y) * (1 / ry)
    local uu, vv = u * u, v * v
    local square = uu + vv
    return (square - square:sqrt()) / ((uu * (1 / rx ^ 2) + vv * (1 / ry ^ 2)):sqrt() + 1e-6)
  end)
end

--- A line from a to b with round ends, as thick as ra at a and rb at b.
function Frame:line(ax, ay, bx, by, ra, rb)
  rb = rb or ra
  local ex, ey = bx - ax, by - ay
  local unit = 1 / (ex * ex + ey * ey + 1e-9)
  local left, top = math.min(ax - ra, bx - rb), math.min(ay - ra, by - rb)
  return self:shape(left, top, math.max(ax + ra, bx + rb), math.max(ay + ra, by + rb), function(px, py)
    local x, y = px - ax, py - ay
    local along = (x * (ex * unit) + y * (ey * unit)):clamp(0, 1)
    local dx, dy = x - along * ex, y - along * ey
    local away = (dx * dx + dy * dy):sqrt()
    return ra == rb and away - ra or away - (along * (rb - ra) + ra)
  end)
end

--- A box around x, y with half sides w and h, its corners rounded by r.
function Frame:box(x, y, w, h, r)
  r = r or 0
  return self:shape(x - w, y - h, x + w, y + h, function(px, py)
    local dx, dy = (px - x):abs() - (w - r), (py - y):abs() - (h - r)
    local ox, oy = dx:clamp(0), dy:clamp(0)
    return (ox * ox + oy * oy):sqrt() + dx:maximum(dy):clamp(nil, 0) - r
  end)
end

--- A convex polygon; points are x1, y1, x2, y2, … clockwise as seen.
function Frame:polygon(points)
  local left, top, right, bottom = math.huge, math.huge, -math.huge, -math.huge
  for i = 1, #points, 2 do
    left, right = math.min(left, points[i]), math.max(right, points[i])
    top, bottom = math.min(top, points[i + 1]), math.max(bottom, points[i + 1])
  end
  return self:shape(left, top, right, bottom, function(px, py)
    local distance
    for i = 1, #points, 2 do
      local j = i + 1 < #points and i + 2 or 1
      local ex, ey = points[j] - points[i], points[j + 1] - points[i + 1]
      local unit = 1 / math.sqrt(ex * ex + ey * ey)
      local edge = (px - points[i]) * (ey * unit) - (py - points[i + 1]) * (ex * unit)
      distance = distance and distance:maximum(edge) or edge
    end
    return distance
  end)
end

--- Lines from point to point, each with its own thickness: { { x, y, r }, … }.
function Frame:path(points)
  local whole
  for i = 1, #points - 1 do
    local a, b = points[i], points[i + 1]
    local piece = self:line(a[1], a[2], b[1], b[2], a[3], b[3])
    whole = whole and whole:with(piece) or piece
  end
  return whole
end

--- A curve from a by way of b to c, as thick as `radius(t)` for t in [0, 1].
function Frame:curve(ax, ay, bx, by, cx, cy, radius, pieces)
  local points = {}
  for i = 0, pieces or 7 do
    local t = i / (pieces or 7)
    local p, q, r = (1 - t) ^ 2, 2 * t * (1 - t), t ^ 2
    points[#points + 1] = { p * ax + q * bx + r * cx, p * ay + q * by + r * cy, radius(t) }
  end
  return self:path(points)
end

--- A star of five round arms.
function Frame:star(x, y, r)
  local whole
  for i = 0, 4 do
    local angle = i * 2 * math.pi / 5
    local arm = self:line(x, y, x + 0.86 * r * math.sin(angle), y - 0.86 * r * math.cos(angle), r * 0.42, r * 0.10)
    whole = whole and whole:with(arm) or arm
  end
  return whole
end

--- A heart.
function Frame:heart(x, y, r)
  return self:line(x - 0.46 * r, y - 0.30 * r, x, y + 0.80 * r, 0.52 * r, 0.06 * r)
    :with(self:line(x + 0.46 * r, y - 0.30 * r, x, y + 0.80 * r, 0.52 * r, 0.06 * r))
end

--- All of the page below a wave: y greater than height + swing * sin(x / length + phase).
function Frame:below(height, swing, length, phase)
  swing = swing or 0
  return self:shape(0, height - math.abs(swing), 1, 1, function(px, py)
    if swing == 0 then return (height - py) + px * 0 end
    return (px * (1 / length) + (phase or 0)):sin() * swing + height - py
  end)
end

-- Rows and columns of a window; they count from `view` when it is given.
local function part_of(pixels, window, dim, view)
  local left, top = view and view.x0 - 1 or 0, view and view.y0 - 1 or 0
  return pixels:narrow(dim, window.y0 - top, window.y1 - window.y0 + 1):narrow(dim + 1, window.x0 - left, window.x1 - window.x0 + 1)
end

local function holds(outer, inner)
  return outer.x0 <= inner.x0 and outer.y0 <= inner.y0 and outer.x1 >= inner.x1 and outer.y1 >= inner.y1
end

-- The distance on a window; kept, because outline, filling and pattern ask for the same.
function Shape:on(page, window)
  local kept = self.kept
  if kept and kept.page == page and holds(kept, window) then
    return part_of(kept.values, window, 1, kept)
  end
  local values = self.distance({
    x = page.x:narrow(2, window.x0, window.x1 - window.x0 + 1), y = page.y:narrow(1, window.y0, window.y1 - window.y0 + 1),
    page = page, window = window,
  })
  self.kept = { page = page, x0 = window.x0, y0 = window.y0, x1 = window.x1, y1 = window.y1, values = values }
  return values
end

local function joined(a, b, body)
  return shape(math.min(a.x0, b.x0), math.min(a.y0, b.y0), math.max(a.x1, b.x1), math.max(a.y1, b.y1), function(grid)
    return body(a:on(grid.page, grid.window), b:on(grid.page, grid.window))
  end)
end

--- Gives both shapes as one.
function Shape:with(other) return joined(self, other, function(a, b) return a:minimum(b) end) end

--- Gives both shapes as one, their seam rounded over `blend` pixels.
function Shape:melt(other, blend)
  return joined(self, other, function(a, b)
    local h = (blend - (a - b):abs()):clamp(0)
    return a:minimum(b) - h * h * (0.25 / blend)
  end)
end

--- Gives what lies in both shapes.
function Shape:cut(other)
  return shape(math.max(self.x0, other.x0), math.max(self.y0, other.y0), math.min(self.x1, other.x1), math.min(self.y1, other.y1),
    function(grid) return self:on(grid.page, grid.window):maximum(other:on(grid.page, grid.window)) end)
end

--- Gives this shape without the other.
function Shape:without(other)
  return shape(self.x0, self.y0, self.x1, self.y1, function(grid)
    return self:on(grid.page, grid.window):maximum(-other:on(grid.page, grid.window))
  end)
end

--- Gives the shape grown by some pixels on all sides.
function Shape:grow(r)
  return shape(self.x0 - r, self.y0 - r, self.x1 + r, self.y1 + r, function(grid) return self:on(grid.page, grid.window) - r end)
end

--- Gives the line along the outline, `r` pixels to both sides.
function Shape:rim(r)
  return shape(self.x0 - r, self.y0 - r, self.x1 + r, self.y1 + r, function(grid)
    return self:on(grid.page, grid.window):abs() - r
  end)
end

--- Gives a colour { r, g, b } from "#rrggbb"; tables pass.
function canvas.colour(code)
  if type(code) ~= "string" then return code end
  local parts = {}
  for pair in code:gmatch("%x%x") do parts[#parts + 1] = tonumber(pair, 16) / 255 end
  return parts
end

--- Gives the colour between a and b.
function canvas.mix(a, b, part)
  a, b = canvas.colour(a), canvas.colour(b)
  return { a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part, a[3] + (b[3] - a[3]) * part }
end

local function cut_to(window, view)
  local x0, y0 = math.max(window.x0, view.x0), math.max(window.y0, view.y0)
  local x1, y1 = math.min(window.x1, view.x1), math.min(window.y1, view.y1)
  return x0 <= x1 and y0 <= y1 and { x0 = x0, y0 = y0, x1 = x1, y1 = y1 } or nil
end

--- Gives an empty square page of size x size pixels; its frame's unit is the whole side.
--- With a view { x0, y0, x1, y1 }, pixels from 1, only these are painted; with false none, and shapes are only tracked.
function canvas.new(size, view)
  local page = setmetatable({ size = size, frame = frame(size, 0, 0, size, 0, 0, size), tints = {} }, Page)
  if view == false then return page end
  local axis = tensor.arange(1, size) - 0.5
  page.x, page.y = axis:reshape(1, -1), axis:reshape(-1, 1)
  page.view = view or { x0 = 1, y0 = 1, x1 = size, y1 = size }
  page.pixels = tensor.zeros({ 3, page.view.y1 - page.view.y0 + 1, page.view.x1 - page.view.x0 + 1 })
  return page
end

--- Paints in this light from now on: every colour is multiplied by `times`, then `plus` is added; nil is plain day.
function Page:light(light) self.lit, self.tints = light, {} end

--- Notes from now on (until false) which box the painted shapes need.
function Page:track(on)
  self.tracking = on
  if on then self.extent = nil end
end

function Page:tint(code)
  local known = type(code) == "string" and self.tints[code]
  if known then return known end
  local c, lit = canvas.colour(code), self.lit
  if lit then
    local m, p = lit.times, lit.plus
    c = { c[1] * m[1] + p[1], c[2] * m[2] + p[2], c[3] * m[3] + p[3] }
  end
  local made = tensor.from(c):reshape(3, 1, 1)
  if type(code) == "string" then self.tints[code] = made end
  return made
end

-- The pixels of the page that a shape touches, counted from 1; nil when none.
function Page:window(shape_, margin)
  return cut_to({
    x0 = math.floor(shape_.x0 - margin) + 1, y0 = math.floor(shape_.y0 - margin) + 1,
    x1 = math.ceil(shape_.x1 + margin), y1 = math.ceil(shape_.y1 + margin),
  }, { x0 = 1, y0 = 1, x1 = self.size, y1 = self.size })
end

-- Those of them that are painted.
function Page:in_view(window) return window and self.view and cut_to(window, self.view) end

local function widen(extent, window)
  if not extent then return { x0 = window.x0, y0 = window.y0, x1 = window.x1, y1 = window.y1 } end
  extent.x0, extent.y0 = math.min(extent.x0, window.x0), math.min(extent.y0, window.y0)
  extent.x1, extent.y1 = math.max(extent.x1, window.x1), math.max(extent.y1, window.y1)
  return extent
end

function Page:cover(window, colour, cover)
  local region = part_of(self.pixels, window, 2, self.view)
  region:add_((colour - region) * cover)
end

-- A colour, or { top, bottom } as a slope over the shape's height.
function Page:ink(colour, shape_, window)
  if type(colour) ~= "table" or type(colour[1]) == "number" then return self:tint(colour) end
  local y = self.y:narrow(1, window.y0, window.y1 - window.y0 + 1)
  local part = ((y - shape_.y0) * (1 / math.max(shape_.y1 - shape_.y0, 1))):clamp(0, 1)
  local top = self:tint(colour[1])
  return top + (self:tint(colour[2]) - top) * part
end

--- Paints what is inside of a shape with a colour, or from top to bottom with { top, bottom }.
function Page:paint(shape_, colour, opacity)
  local window = self:window(shape_, 1)
  if window and self.tracking then self.extent = widen(self.extent, window) end
  window = self:in_view(window)
  if not window then return end
  local cover = (0.5 - shape_:on(self, window)):clamp(0, 1)
  self:cover(window, self:ink(colour, shape_, window), opacity and cover * opacity or cover)
end

--- Paints a light or a shadow whose edge fades over `soft` units of the page, outwards.
function Page:glow(shape_, colour, soft, opacity)
  local reach = soft * self.size
  local window = self:in_view(self:window(shape_, reach))
  if not window then return end
  local cover = (1 - shape_:on(self, window) * (1 / reach)):clamp(0, 1)
  self:cover(window, self:tint(colour), cover * cover * (opacity or 1))
end

--- Fills all with colours from top to the height `down`: { "#top", …, "#bottom" }.
function Page:fill(colours, down)
  local rows = self.y:narrow(1, self.view.y0, self.view.y1 - self.view.y0 + 1)
  local place = rows * ((#colours - 1) / (self.size * (down or 1)))
  local column = self:tint(colours[1])
  for i = 2, #colours do column = column + (self:tint(colours[i]) - column) * (place - (i - 2)):clamp(0, 1) end
  self.pixels:copy_(column)
end

--- Gives the picture in [0, 1]: [3, size, size], or the view.
function Page:finish() return self.pixels:clamp(0, 1) end

return canvas
