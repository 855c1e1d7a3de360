--- Faces: eyes, mouth and cheeks.
--
--   eyes   world: "dot" (as if nothing is said), "big", "sleepy", "one", "happy", "closed" (asleep)
--          characters: "star", "slit", "heart", "square", "ring", "moon"
--   look   -1 … 1 moves the pupils

local face = {}

local DARK = "#21152c"

local function dot(page, f, x, y, r, look)
  page:paint(f:ellipse(x + look * r * 0.2, y, r * 0.60, r * 0.84), DARK)
  page:paint(f:circle(x + look * r * 0.2 + r * 0.20, y - r * 0.34, r * 0.24), "#ffffff")
end

local function ball(page, f, x, y, r, line)
  page:paint(f:circle(x, y, r):grow(0.045 * f.scale), line)
  page:paint(f:circle(x, y, r), "#fffdf6")
end

local function big(page, f, x, y, r, look, inks)
  r = r * 1.12
  ball(page, f, x, y, r, inks.line)
  page:paint(f:circle(x + look * r * 0.28, y, r * 0.62), inks.iris)
  page:paint(f:circle(x + look * r * 0.28, y, r * 0.36), DARK)
  page:paint(f:circle(x + look * r * 0.28 + r * 0.22, y - r * 0.26, r * 0.20), "#ffffff")
end

local function lidded(page, f, x, y, r, look, inks)
  local white = f:circle(x, y, r)
  ball(page, f, x, y, r, inks.line)
  page:paint(f:circle(x + look * r * 0.28, y + r * 0.22, r * 0.52), DARK)
  page:paint(white:cut(f:box(x, y - r, 2 * r, r)), inks.lid)
  page:paint(f:line(x - r, y, x + r, y, 0.045), inks.line)
end

local function arc(page, f, x, y, r, upper)
  local half = f:box(x, upper and y - r or y + r, 2 * r, r)
  page:paint(f:circle(x, y, r * 0.72):rim(0.05 * f.scale):cut(half), DARK)
end

local kinds = { dot = dot, big = big, sleepy = lidded }

function kinds.happy(page, f, x, y, r) arc(page, f, x, y + r * 0.3, r, true) end

function kinds.closed(page, f, x, y, r) arc(page, f, x, y - r * 0.1, r, false) end

function kinds.star(page, f, x, y, r, look, inks)
  ball(page, f, x, y, r * 1.12, inks.line)
  page:paint(f:star(x + look * 0.05, y + 0.02, r * 0.92), inks.iris)
end

function kinds.slit(page, f, x, y, r, look, inks)
  page:paint(f:ellipse(x, y, r * 1.10, r * 0.86):grow(0.045 * f.scale), inks.line)
  page:paint(f:ellipse(x, y, r * 1.10, r * 0.86), inks.iris)
  page:paint(f:ellipse(x + look * r * 0.3, y, r * 0.22, r * 0.76), DARK)
end

function kinds.heart(page, f, x, y, r, _, inks)
  page:paint(f:heart(x, y, r * 0.95):grow(0.045 * f.scale), inks.line)
  page:paint(f:heart(x, y, r * 0.95), inks.iris)
  page:paint(f:circle(x - r * 0.36, y - r * 0.32, r * 0.17), "#ffffff")
end

function kinds.square(page, f, x, y, r, look, inks)
  page:paint(f:box(x, y, r * 0.92, r * 0.92):grow(0.045 * f.scale), inks.line)
  page:paint(f:box(x, y, r * 0.92, r * 0.92), inks.iris)
  page:paint(f:box(x + look * r * 0.3, y + r * 0.1, r * 0.40, r * 0.40), DARK)
end

function kinds.ring(page, f, x, y, r, look, inks)
  ball(page, f, x, y, r * 1.15, inks.line)
  page:paint(f:circle(x + look * 0.04, y, r * 0.66):rim(r * 0.17 * f.scale), inks.iris)
  page:paint(f:circle(x + look * 0.04, y, r * 0.20), DARK)
end

function kinds.moon(page, f, x, y, r, look, inks)
  page:paint(f:circle(x, y, r * 1.05), DARK)
  x = x + look * 0.05
  page:paint(f:circle(x, y, r * 0.78):without(f:circle(x + r * 0.42, y - r * 0.22, r * 0.62)), inks.iris)
end

local function eyes(page, f, at, inks, opts)
  local r = 0.27
  if opts.eyes == "one" then
    local draw = opts.asleep and kinds.closed or big
    draw(page, f, at.x, at.y - 0.04, 0.42, at.look, inks)
    return
  end
  local draw = kinds[opts.asleep and "closed" or opts.eyes]
  draw(page, f, at.x - at.gap * at.far, at.y, r * at.far, at.look, inks)
  draw(page, f, at.x + at.gap, at.y, r, at.look, inks)
end

--- Paints a face at at.x, at.y; at.gap half the distance of the eyes, at.far how much smaller the far eye is.
---@param inks { line: table, lid: table, iris: string, cheek: string }
---@param opts { eyes: string, asleep: boolean?, mouth: string }   mouth "smile", "open" or "small"
function face.paint(page, f, at, inks, opts)
  local y = at.y + (opts.eyes == "one" and 0.56 or 0.36)
  for _, side in ipairs({ -1, 1 }) do
    page:glow(f:ellipse(at.x + side * (at.gap + 0.13), at.y + 0.34, 0.07, 0.04), inks.cheek, 0.09 * f.scale / page.size, 0.75)
  end
  eyes(page, f, at, inks, opts)
  if opts.mouth == "open" then
    page:paint(f:circle(at.x, y - 0.06, 0.21):cut(f:box(at.x, y + 0.16, 0.4, 0.22)), "#6b2034")
    page:paint(f:ellipse(at.x, y + 0.13, 0.11, 0.06), "#ff8a8a")
  elseif opts.mouth == "small" then
    page:paint(f:ellipse(at.x, y + 0.04, 0.07, 0.055), DARK)
  else
    page:paint(f:circle(at.x, y - 0.06, 0.18):rim(0.04 * f.scale):cut(f:box(at.x, y + 0.12, 0.4, 0.14)), DARK)
  end
end

return face
