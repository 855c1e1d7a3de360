--- The page of `lorarun compare --html`: one file with the curves drawn in it; the pictures' sheet lies beside it.

local compare_words = require "lorarun.compare_words"
local svg_plot = require "lorarun.svg_plot"
local web_page = require "lorarun.web_page"

local compare_page = {}

local system = lorarun.system
local escape = web_page.escape

local function points_of(run)
  local points = {}
  for step, line in pairs(run.metrics) do
    if line.loss then points[#points + 1] = { step, line.loss } end
  end
  table.sort(points, function(a, b) return a[1] < b[1] end)
  return points
end

local function range_of(curves)
  local range = { first = math.huge, last = 0, low = math.huge, high = -math.huge, name = "loss" }
  for _, points in ipairs(curves) do
    for _, point in ipairs(points) do
      range.first, range.last = math.min(range.first, point[1]), math.max(range.last, point[1])
      range.low, range.high = math.min(range.low, point[2]), math.max(range.high, point[2])
    end
  end
  return range
end

local function plot(runs)
  local curves, names = {}, {}
  for i, run in ipairs(runs) do curves[i], names[i] = points_of(run), run.name end
  local range, lines = range_of(curves), {}
  if range.last == 0 or range.low > range.high then return svg_plot.legend(names) .. "<p>no losses</p>" end
  local frame = svg_plot.frame(range)
  for i, points in ipairs(curves) do
    lines[i] = svg_plot.line(frame, svg_plot.envelope(points), { colour = svg_plot.colour(i), title = names[i], width = 1.5 })
  end
  return "<h2>Loss</h2>" .. svg_plot.legend(names) .. svg_plot.draw(frame, lines)
end

local function cell(value)
  if value == nil then return "nothing" end
  if type(value) == "number" then return ("%.6g"):format(value) end
  return type(value) == "table" and system.encode(value) or value
end

local function row(...)
  local cells = {}
  for i = 1, select("#", ...) do cells[i] = "<td>" .. escape(cell((select(i, ...)))) .. "</td>" end
  return "<tr>" .. table.concat(cells) .. "</tr>"
end

local function rows_of(result)
  local rows, losses = {}, result.losses
  if losses.loss then rows[1] = row("mean loss", losses.loss.first, losses.loss.second) end
  for _, band in ipairs(losses.bands) do
    rows[#rows + 1] = row(("loss, sigma %.2f to %.2f"):format(band.low, band.high), band.first, band.second)
  end
  for _, s in ipairs(result.settings) do rows[#rows + 1] = row(s.key, s.first, s.second) end
  for _, e in ipairs(compare_words.events(result.only_first)) do rows[#rows + 1] = row(e.at, e.text, "") end
  for _, e in ipairs(compare_words.events(result.only_second)) do rows[#rows + 1] = row(e.at, "", e.text) end
  for _, e in ipairs(compare_words.evaluations(result.evaluations)) do
    rows[#rows + 1] = row(e.metric .. ", " .. e.at, e.first, e.second)
  end
  for _, c in ipairs(compare_words.checkpoints(result.checkpoints)) do rows[#rows + 1] = row(c.at, "", c.text) end
  return table.concat(rows)
end

--- Writes the page.
---@param path string
---@param runs table[]      of compare.read
---@param results table[]   of compare.pair
---@param sheet string?     path of the pictures' sheet
function compare_page.write(path, runs, results, sheet)
  local names, parts = {}, {}
  for i, run in ipairs(runs) do names[i] = run.name end
  local title = table.concat(names, ", ")
  parts[1], parts[2] = "<h1>" .. escape(title) .. "</h1>", plot(runs)
  for _, result in ipairs(results) do
    parts[#parts + 1] = ('<h2>%s, %s</h2><div class="wide"><table><tr><th></th><th>%s</th><th>%s</th></tr>%s</table></div>'):format(
      escape(result.first), escape(result.second), escape(result.first), escape(result.second), rows_of(result))
  end
  if sheet then parts[#parts + 1] = ('<img src="%s" alt="pictures">'):format(escape(sheet:match("[^/]+$"))) end
  system.write(path, web_page.of { title = "comparison of " .. title, style = svg_plot.STYLE, body = parts })
end

return compare_page
