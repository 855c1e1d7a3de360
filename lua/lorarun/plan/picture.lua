--- A plan as a picture: a curve of each group's rate, a bar below for when it trains, ticks for events.
--
-- Pixels are set in a plain list and become a tensor once; the title and the legend are the contact sheet's.

local picture = {}

local WIDTH, CURVES, BAR, GAP, MARGIN = 1200, 420, 26, 10, 16
local PAPER, LINE = { 255, 255, 255 }, { 217, 222, 229 }
local COLOURS = { { 37, 99, 235 }, { 217, 72, 15 }, { 15, 123, 95 }, { 139, 63, 196 }, { 184, 134, 11 } }
local NAMES = { "blue", "orange", "green", "violet", "ochre" }

--- Planes of red, green and blue, one after the other.
local function blank(height)
  local canvas = { height = height, values = {} }
  for channel = 1, 3 do
    for i = 1, WIDTH * height do canvas.values[(channel - 1) * WIDTH * height + i] = PAPER[channel] / 255 end
  end
  return canvas
end

local function set(canvas, x, y, colour)
  if x < 0 or y < 0 or x >= WIDTH or y >= canvas.height then return end
  for channel = 1, 3 do canvas.values[((channel - 1) * canvas.height + y) * WIDTH + x + 1] = colour[channel] / 255 end
end

local function fill(canvas, x1, y1, x2, y2, colour)
  for y = y1, y2 do
    for x = x1, x2 do set(canvas, x, y, colour) end
  end
end

local function step_at(p, x)
  return math.max(1, math.min(p.count, math.floor((x - MARGIN) / (WIDTH - 2 * MARGIN - 1) * (p.steps - p.from - 1) + 1.5)))
end

local function x_of(p, step)
  return MARGIN + math.floor((WIDTH - 2 * MARGIN - 1) * (step - p.from - 1) / math.max(1, p.steps - p.from - 1) + 0.5)
end

local function last_x(p) return x_of(p, p.from + p.count) end

--- A curve, two pixels thick; neighbouring columns are joined.
local function draw_curve(canvas, p, rates, most, colour)
  local before
  for x = MARGIN, last_x(p) do
    local y = MARGIN + math.floor((CURVES - 2 * MARGIN) * (1 - rates[step_at(p, x)] / most) + 0.5)
    fill(canvas, x, math.min(y, before or y), x + 1, math.max(y, before or y) + 1, colour)
    before = y
  end
end

local function draw_grid(canvas)
  for i = 0, 4 do
    local y = MARGIN + math.floor((CURVES - 2 * MARGIN) * i / 4 + 0.5)
    fill(canvas, MARGIN, y, WIDTH - MARGIN - 1, y, LINE)
  end
end

local function draw_bar(canvas, p, rates, top, colour)
  fill(canvas, MARGIN, top, WIDTH - MARGIN - 1, top, LINE)
  fill(canvas, MARGIN, top + BAR - 1, WIDTH - MARGIN - 1, top + BAR - 1, LINE)
  for x = MARGIN, last_x(p) do
    if rates[step_at(p, x)] > 0 then fill(canvas, x, top, x, top + BAR - 1, colour) end
  end
end

local function draw_event(canvas, p, event, top, colour)
  fill(canvas, MARGIN, top + BAR / 2, WIDTH - MARGIN - 1, top + BAR / 2, LINE)
  for _, step in ipairs(event.steps) do
    local x = x_of(p, step)
    fill(canvas, x - 2, top + 6, x + 2, top + BAR - 7, colour)
  end
end

local function most_of(groups)
  local most = 0
  for _, group in ipairs(groups) do
    for _, rate in ipairs(group.rates) do most = math.max(most, rate) end
  end
  return most > 0 and most or 1
end

--- "blue transformer, orange clip_l; below: when they train, save, render".
local function legend(p, groups)
  local names = {}
  for i, group in ipairs(groups) do names[i] = (NAMES[i] or NAMES[1]) .. " " .. group.name end
  local rows = { "when each trains" }
  for _, event in ipairs(p.events) do rows[#rows + 1] = event.what end
  return table.concat(names, ", ") .. "; below: " .. table.concat(rows, ", ")
end

--- Draws a plan into a PNG file.
---@param p table         of plan.of
---@param options table   { groups }
---@param path string
function picture.write(p, options, path)
  local groups, rows = options.groups, #options.groups + #p.events
  local canvas, most = blank(CURVES + rows * (BAR + GAP) + MARGIN), most_of(options.groups)
  draw_grid(canvas)
  for i = #groups, 1, -1 do
    draw_curve(canvas, p, groups[i].rates, most, COLOURS[i] or COLOURS[1])
    draw_bar(canvas, p, groups[i].rates, CURVES + (i - 1) * (BAR + GAP), COLOURS[i] or COLOURS[1])
  end
  for i, event in ipairs(p.events) do
    draw_event(canvas, p, event, CURVES + (#groups + i - 1) * (BAR + GAP), COLOURS[i])
  end
  local drawn = lorarun.tensor.from(canvas.values):reshape { 3, canvas.height, WIDTH }
  lorarun.image.save(path, lorarun.image.sheet({ drawn }, 1, { cell = WIDTH, text_scale = 2, captions = { legend(p, groups) },
    title = ("%s: learning rates of steps %d to %d, 0 to %.3g"):format(p.name, p.from + 1, p.from + p.count, most) }))
end

return picture
