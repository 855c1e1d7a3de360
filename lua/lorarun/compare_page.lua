--- The page of `lorarun compare --html`: one file with the curves drawn in it; the pictures' sheet lies beside it.

local compare_page = {}

local system = lorarun.system

local WIDTH, HEIGHT, COLOURS = 900, 280, { "#1b6ca8", "#c8553d", "#3c8d5a", "#8a5fb0", "#b08d2e", "#555555" }

local function escape(text)
  return (tostring(text):gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function range_of(runs)
  local range = { first = math.huge, last = 0, low = math.huge, high = -math.huge }
  for _, run in ipairs(runs) do
    for step, line in pairs(run.metrics) do
      range.first, range.last = math.min(range.first, step), math.max(range.last, step)
      if line.loss then range.low, range.high = math.min(range.low, line.loss), math.max(range.high, line.loss) end
    end
  end
  return range
end

local function curve(run, range, colour)
  local points = {}
  for step = range.first, range.last do
    local line = run.metrics[step]
    if line and line.loss then
      local x = (step - range.first) / math.max(1, range.last - range.first) * WIDTH
      local y = HEIGHT - (line.loss - range.low) / math.max(1e-12, range.high - range.low) * HEIGHT
      points[#points + 1] = ("%.1f,%.1f"):format(x, y)
    end
  end
  return ('<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>'):format(colour, table.concat(points, " "))
end

local function plot(runs)
  local range, parts = range_of(runs), {}
  if range.last == 0 or range.low > range.high then return "<p>no losses</p>" end
  for i, run in ipairs(runs) do parts[i] = curve(run, range, COLOURS[(i - 1) % #COLOURS + 1]) end
  return ('<svg viewBox="0 0 %d %d">%s</svg><p>loss %.4g to %.4g, steps %d to %d</p>'):format(WIDTH, HEIGHT,
    table.concat(parts), range.low, range.high, range.first, range.last)
end

local function legend(runs)
  local parts = {}
  for i, run in ipairs(runs) do
    parts[i] = ('<span style="color:%s">&#9632; %s</span>'):format(COLOURS[(i - 1) % #COLOURS + 1], escape(run.name))
  end
  return "<p>" .. table.concat(parts, " &nbsp; ") .. "</p>"
end

local function row(...)
  local cells = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    cells[i] = "<td>" .. escape(type(value) == "table" and system.encode(value) or value) .. "</td>"
  end
  return "<tr>" .. table.concat(cells) .. "</tr>"
end

local function rows_of(result)
  local rows, losses = {}, result.losses
  if losses.loss then rows[1] = row("mean loss", losses.loss.first, losses.loss.second) end
  for _, band in ipairs(losses.bands) do
    rows[#rows + 1] = row(("loss, sigma %.2f to %.2f"):format(band.low, band.high), band.first, band.second)
  end
  for _, s in ipairs(result.settings) do rows[#rows + 1] = row(s.key, s.first, s.second) end
  for _, e in ipairs(result.only_first) do rows[#rows + 1] = row(e.event .. " at step " .. e.step, e.key or "yes", "") end
  for _, e in ipairs(result.only_second) do rows[#rows + 1] = row(e.event .. " at step " .. e.step, "", e.key or "yes") end
  for _, e in ipairs(result.evaluations) do rows[#rows + 1] = row(e.metric .. " at step " .. e.step, e.first, e.second) end
  for _, c in ipairs(result.checkpoints) do
    rows[#rows + 1] = row("tensors at step " .. c.step, "", c.equal and "equal to the bit" or c.relative or c.what)
  end
  return table.concat(rows)
end

--- Writes the page.
---@param path string
---@param runs table[]      of compare.read
---@param results table[]   of compare.pair
---@param sheet string?     path of the pictures' sheet
function compare_page.write(path, runs, results, sheet)
  local parts = { '<!doctype html><meta charset="utf-8"><title>compare</title><style>body{font:15px sans-serif;max-width:960px;',
    "margin:2em auto}td,th{padding:2px 12px;text-align:left;border-bottom:1px solid #ddd}svg,img{width:100%}</style>",
    legend(runs), plot(runs) }
  for _, result in ipairs(results) do
    parts[#parts + 1] = ("<h2>%s, %s</h2><table><tr><th></th><th>%s</th><th>%s</th></tr>%s</table>"):format(
      escape(result.first), escape(result.second), escape(result.first), escape(result.second), rows_of(result))
  end
  if sheet then parts[#parts + 1] = ('<img src="%s" alt="pictures">'):format(escape(sheet:match("[^/]+$"))) end
  system.write(path, table.concat(parts, "\n") .. "\n")
end

return compare_page
