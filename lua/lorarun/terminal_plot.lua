--- Curves in a terminal: braille dots for one series, a letter each for several.
--
--   loss
--    0.9 ┤⡇
--        │⠈⠢⣀
--    0.4 ┤   ⠉⠑⠒⠤⠤⣀⣀
--        └─────────────
--         1         600
--
-- A cell of braille is 2 dots wide and 4 dots high. Points of one column are joined to the span from the least to
-- the greatest, so that a curve of any length costs the same to draw.

local terminal_plot = {}

local LETTERS = { "*", "+", "o", "x", "#", "@", "%", "&" }
local DOTS = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } } -- [x in cell][y in cell], from above

local function is_number(value) return type(value) == "number" and value == value and math.abs(value) ~= math.huge end

local function utf8_of(code) -- three bytes: U+0800 to U+FFFF
  return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

--- The points that can be drawn, in the order of x.
local function points_of(series, is_log)
  local points = {}
  for i, y in ipairs(series.y) do
    local x = series.x and series.x[i] or i
    if is_number(x) and is_number(y) and (not is_log or y > 0) then
      points[#points + 1] = { x = x, y = is_log and math.log10(y) or y }
    end
  end
  table.sort(points, function(a, b) return a.x < b.x end)
  return points
end

local function grow(range, value)
  range.min, range.max = math.min(range.min or value, value), math.max(range.max or value, value)
end

local function ranges_of(all)
  local x, y = {}, {}
  for _, points in ipairs(all) do
    for _, point in ipairs(points) do
      grow(x, point.x)
      grow(y, point.y)
    end
  end
  return x, y
end

--- A flat curve lies in the middle of a range of its own.
local function widen(range)
  if range.min == range.max then
    local half = range.min == 0 and 1 or math.abs(range.min) * 0.5
    range.min, range.max = range.min - half, range.max + half
  end
end

local function place(value, range, size)
  if range.min == range.max then return 0 end
  return math.floor((value - range.min) / (range.max - range.min) * (size - 1) + 0.5)
end

--- Calls dot(x, y) for every dot of a curve; y counts from above.
local function trace(points, x_range, y_range, columns, rows, dot)
  local low, high, first, last = {}, {}, {}, {}
  for _, point in ipairs(points) do
    local column, row = place(point.x, x_range, columns), rows - 1 - place(point.y, y_range, rows)
    low[column], high[column] = math.min(low[column] or row, row), math.max(high[column] or row, row)
    first[column], last[column] = first[column] or row, row
  end
  local before
  for column = 0, columns - 1 do
    if low[column] then
      for row = low[column], high[column] do dot(column, row) end
      if before then -- a straight line from the last dot of the column before
        local from, to, width = last[before], first[column], column - before
        local steps = math.max(width, math.abs(to - from))
        for i = 1, steps - 1 do
          dot(before + math.floor(width * i / steps + 0.5), from + math.floor((to - from) * i / steps + 0.5))
        end
      end
      before = column
    end
  end
end

local function braille_cells(points, x_range, y_range, width, height)
  local bits = {}
  trace(points, x_range, y_range, width * 2, height * 4, function(x, y)
    local cell = math.floor(y / 4) * width + math.floor(x / 2)
    bits[cell] = bit.bor(bits[cell] or 0, DOTS[x % 2 + 1][y % 4 + 1])
  end)
  local cells = {}
  for cell, dots in pairs(bits) do cells[cell] = utf8_of(0x2800 + dots) end
  return cells
end

local function letter_cells(all, x_range, y_range, width, height)
  local cells = {}
  for i, points in ipairs(all) do
    trace(points, x_range, y_range, width, height, function(x, y)
      cells[y * width + x] = LETTERS[(i - 1) % #LETTERS + 1]
    end)
  end
  return cells
end

local function number_text(value) return ("%.4g"):format(value) end

--- The labels of the rows that have one: greatest, middle, least.
local function row_labels(y_range, height, is_log)
  local labels, widest = {}, 0
  for _, row in ipairs { 0, math.floor((height - 1) / 2), height - 1 } do
    local value = y_range.max - (y_range.max - y_range.min) * row / math.max(1, height - 1)
    labels[row] = number_text(is_log and 10 ^ value or value)
    widest = math.max(widest, #labels[row])
  end
  return labels, widest
end

local function row_text(cells, row, width)
  local parts = {}
  for column = 0, width - 1 do parts[#parts + 1] = cells[row * width + column] or " " end
  return (table.concat(parts):gsub(" +$", ""))
end

local function x_labels(x_range, width)
  local left, right = number_text(x_range.min), number_text(x_range.max)
  return left .. (" "):rep(math.max(1, width - #left - #right)) .. right
end

local function legend_of(series)
  local parts = {}
  for i, one in ipairs(series) do
    parts[i] = LETTERS[(i - 1) % #LETTERS + 1] .. " " .. (one.name or "series " .. i)
  end
  return table.concat(parts, "   ")
end

--- Draws curves; gives lines of text, the last without a newline.
---@param series { name: string?, x: number[]?, y: number[] }[]   x is 1, 2, 3 … when absent
---@param options { width: integer?, height: integer?, title: string?, log: boolean? }?   columns, rows; log of y
---@return string
function terminal_plot.draw(series, options)
  options = options or {}
  local all = {}
  for i, one in ipairs(series) do all[i] = points_of(one, options.log) end
  local x_range, y_range = ranges_of(all)
  local lines = { options.title or (#series == 1 and series[1].name or nil) }
  if not x_range.min then
    lines[#lines + 1] = "nothing to plot yet"
    return table.concat(lines, "\n")
  end
  widen(y_range)
  local height = math.max(2, options.height or 12)
  local labels, margin = row_labels(y_range, height, options.log)
  local width = math.max(8, (options.width or 72) - margin - 2)
  local cells = #all == 1 and braille_cells(all[1], x_range, y_range, width, height)
    or letter_cells(all, x_range, y_range, width, height)
  for row = 0, height - 1 do
    local label = labels[row] or ""
    lines[#lines + 1] = (" "):rep(margin - #label) .. label .. (labels[row] and " ┤" or " │") .. row_text(cells, row, width)
  end
  lines[#lines + 1] = (" "):rep(margin + 1) .. "└" .. ("─"):rep(width)
  lines[#lines + 1] = (" "):rep(margin + 2) .. x_labels(x_range, width)
  if #series > 1 then lines[#lines + 1] = legend_of(series) end
  return table.concat(lines, "\n")
end

return terminal_plot
