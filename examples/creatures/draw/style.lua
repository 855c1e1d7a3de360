--- Rendering styles: the same picture, printed in another way.
--
--   plain  as it is painted
--   ink    a risograph: three inks on warm paper in a few flat tones, dots in the half tones, the plates a little
--          out of place, and a dark plate for the lines
--
-- The inks stand in for cyan, magenta and yellow, so colours keep the names that captions give them.

local style = {}

local tensor = lorarun.tensor

local PAPER = { 0.97, 0.93, 0.84 }
local PLATES = { -- what each takes from red, green, blue; the turn of its dots; its shift in sides of the page
  { ink = { 0.09, 0.36, 0.58 }, turn = 0.26, shift = 0 },
  { ink = { 0.96, 0.31, 0.42 }, turn = 1.31, shift = 0.008 },
  { ink = { 1.00, 0.82, 0.16 }, turn = 0.0, shift = -0.008 },
}
local DARK = { 0.13, 0.12, 0.30 }
local DOTS, TONES, DEPTH = 34, 4, 0.24 -- dots along a side, tones of an ink, how deep dots cut into half tones

-- The picture moved to the right and down by whole pixels; its edges are repeated.
local function moved(plate, pixels)
  if pixels == 0 then return plate end
  local size, count = plate:size(1), math.abs(pixels)
  for dim = 1, 2 do
    local edge = plate:narrow(dim, pixels > 0 and 1 or size, 1)
    local kept = plate:narrow(dim, pixels > 0 and 1 or count + 1, size - count)
    local pieces = { kept }
    for _ = 1, count do table.insert(pieces, pixels > 0 and 1 or #pieces + 1, edge) end
    plate = tensor.cat(pieces, dim)
  end
  return plate
end

-- A grid of soft dots in [-1, 1].
local function dots(turn, size)
  local axis = (tensor.arange(1, size) - 0.5) * (math.pi * DOTS / size)
  local x, y = axis:reshape(1, -1), axis:reshape(-1, 1)
  local cos, sin = math.cos(turn), math.sin(turn)
  return ((x * cos + y * sin):cos() * (y * cos - x * sin):cos() * 3):tanh()
end

-- Flat tones with soft steps between them; the lightest stays paper.
local function tones(amount)
  local scaled = amount * (TONES - 1)
  local step = scaled:floor()
  return ((step + ((scaled - step - 0.5) * 6 + 0.5):clamp(0, 1)) * (1 / (TONES - 1))):clamp(0, 1)
end

-- How much of an ink covers each pixel: dots show in half tones and close where it is full.
local function cover(amount, turn, size)
  local tone = tones(amount)
  return (tone + tone * (1 - tone) * 4 * dots(turn, size) * DEPTH):clamp(0, 1)
end

local function grain(size, at)
  return tensor.normal({ size, size }, { seed = at.seed, stream = "creatures/grain", sample = at.index }) * 0.015
end

local function print_plate(printed, plate_ink, covered)
  return printed * (1 - (1 - tensor.from(plate_ink):reshape(3, 1, 1)) * covered)
end

local function ink(picture, at)
  local size = picture:size(2)
  local printed = tensor.from(PAPER):reshape(3, 1, 1) + grain(size, at)
  local grey = picture:mean(1, true)
  picture = (grey + (picture - grey) * 1.3):clamp(0, 1) -- strong inks instead of muddy ones
  local black = 1 - picture[1]:maximum(picture[2]):maximum(picture[3])
  for i, plate in ipairs(PLATES) do
    local amount = (1 - picture[i]) - black * 0.55
    local shift = math.floor(plate.shift * size + 0.5)
    printed = print_plate(printed, plate.ink, cover(moved(amount, shift), plate.turn, size))
  end
  return print_plate(printed, DARK, ((black - 0.52) * 4):clamp(0, 1)):clamp(0, 1)
end

local styles = { plain = function(picture) return picture end, ink = ink }

style.names = { "plain", "ink" }

--- Gives the picture in a style.
---@param name string
---@param picture lorarun.Tensor  [3, size, size]
---@param at table                attributes: the paper's grain follows their key
function style.apply(name, picture, at)
  local render = styles[name]
  if not render then error("no style '" .. tostring(name) .. "'; styles: " .. table.concat(style.names, ", "), 0) end
  return render(picture, at)
end

return style
