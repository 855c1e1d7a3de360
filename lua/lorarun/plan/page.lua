--- A plan as one page: curves, which groups train when, events, changes, problems.
--
-- The page is a single file: its drawings are inline SVG and it asks for nothing from anywhere.

local svg_plot = require "lorarun.svg_plot"
local text = require "lorarun.plan.text"
local web_page = require "lorarun.web_page"

local page = {}

local escape = web_page.escape

local function most_of(groups)
  local most = 0
  for _, group in ipairs(groups) do
    for _, rate in ipairs(group.rates) do most = math.max(most, rate) end
  end
  return most > 0 and most or 1
end

local function frame_of(p, high, name, height_rem)
  return svg_plot.frame { first = p.from + 1, last = math.max(p.from + 2, p.steps), high = high, name = name, height_rem = height_rem }
end

local function points_of(p, rates)
  local points = {}
  for i = 1, p.count do points[i] = { p.from + i, rates[i] } end
  return points
end

local function names_of(groups)
  local names = {}
  for i, group in ipairs(groups) do names[i] = group.name end
  return names
end

local function curves(p, groups, name)
  local frame, lines = frame_of(p, most_of(groups), name), {}
  for i, group in ipairs(groups) do
    lines[i] = svg_plot.line(frame, svg_plot.thin(frame, points_of(p, group.rates)),
      { colour = svg_plot.colour(i), title = group.name })
  end
  return svg_plot.draw(frame, lines)
end

--- From which step to which a group trains.
local function spans_of(rates)
  local spans, open = {}, nil
  for i, rate in ipairs(rates) do
    if rate > 0 and not open then
      open = { i, i }
      spans[#spans + 1] = open
    elseif rate > 0 then
      open[2] = i
    else
      open = nil
    end
  end
  return spans
end

local function bars(p, groups)
  local out = {}
  for i, group in ipairs(groups) do
    local frame, parts = frame_of(p, 1, group.name .. " on and off", 1.2), {}
    for _, span in ipairs(spans_of(group.rates)) do
      local from, to = p.from + span[1], p.from + span[2]
      parts[#parts + 1] = svg_plot.bar(frame, from, to, { colour = svg_plot.colour(i), title = ("steps %d to %d"):format(from, to) })
    end
    out[i] = svg_plot.row(frame, group.name, parts, { boxed = true })
  end
  return table.concat(out, "\n")
end

local function ticks(p)
  local out = {}
  for i, event in ipairs(p.events) do
    local frame, parts = frame_of(p, 1, event.what, 1.2), {}
    for j, step in ipairs(event.steps) do
      parts[j] = svg_plot.dot(frame, { step, 0.5 }, { colour = svg_plot.colour(i), title = "step " .. step })
    end
    out[i] = svg_plot.row(frame, event.what, parts)
  end
  return table.concat(out, "\n")
end

local function change_rows(p)
  local out = {}
  for i, change in ipairs(p.changes) do
    out[i] = ('<tr><td class="n">%d</td><td class="n">%.1f %%</td><td>%s</td><td>%s</td></tr>'):format(change.step,
      100 * (change.step - 1) / p.steps, escape(change.key), escape(text.change(change)))
  end
  if #out == 0 then return '<p class="soft">Nothing changes: every step has the knobs of the first.</p>' end
  return '<div class="wide"><table><tr><th>step</th><th>progress</th><th>what</th><th>change</th></tr>\n' .. table.concat(out, "\n")
    .. "</table></div>"
end

local function first_knobs(_, row)
  local keys, out = {}, {}
  for key in pairs(row) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do out[i] = ("<tr><td>%s</td><td>%s</td></tr>"):format(escape(key), escape(text.value(row[key]))) end
  return '<div class="wide"><table>' .. table.concat(out, "\n") .. "</table></div>"
end

local function problems_of(p)
  local out = {}
  for i, problem in ipairs(p.problems) do
    out[i] = ('<div class="warn">%s<br><span class="soft">fix: %s</span></div>'):format(escape(problem.what), escape(problem.fix))
  end
  return #out > 0 and "<h2>Worth a look</h2>" .. table.concat(out, "\n") or ""
end

--- Numbers other than rates that move.
local function moving(p)
  local out, keys = {}, {}
  for key, segments in pairs(p.segments) do
    if #segments > 1 and type(segments[1].value) == "number" and not key:match("lr$") and not key:match("%.every$") then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local values = {}
    for i = 1, p.count do values[i] = tonumber(p.columns[key][i]) or 0 end
    out[#out + 1] = "<h2>" .. escape(key) .. "</h2>" .. curves(p, { { name = key, rates = values } }, key)
  end
  return table.concat(out, "\n")
end

--- Gives the page.
---@param p table         of plan.of
---@param options table   { groups, cost, first = knobs of the first step }
---@return string
function page.of(p, options)
  local events = {}
  for i, event in ipairs(p.events) do events[i] = "<p>" .. escape(text.event(event)) .. "</p>" end
  return web_page.of { title = "plan of " .. p.name, style = svg_plot.STYLE, body = {
    "<h1>Plan of " .. escape(p.name) .. "</h1>",
    ('<p class="soft">steps %d to %d · %s</p>'):format(p.from + 1, p.from + p.count, escape(text.cost(options.cost, p.count))),
    problems_of(p),
    "<h2>Learning rates</h2>", svg_plot.legend(names_of(options.groups)), curves(p, options.groups, "learning rates"),
    "<h2>What trains</h2>", bars(p, options.groups), moving(p),
    "<h2>Events</h2>", ticks(p), table.concat(events), "<h2>Changes</h2>", change_rows(p),
    "<h2>At the first step</h2>", first_knobs(p, options.first),
  } }
end

return page
