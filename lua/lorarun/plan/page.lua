--- A plan as one page: curves, which groups train when, events, changes, problems.
--
-- The page is a single file: its drawings are inline SVG and it asks for nothing from anywhere.

local text = require "lorarun.plan.text"

local page = {}

local WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 920, 220, 92, 16, 14, 26
local COLOURS = { "#2563eb", "#d9480f", "#0f7b5f", "#8b3fc4", "#b8860b", "#c2185b" }
local MOST_POINTS = 900

local STYLE = [[
:root { color-scheme: light dark; --ink: #1c2430; --soft: #68717d; --line: #d9dee5; --paper: #fff; --warn: #fff4e0; --edge: #e8a33d }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --soft: #98a2ae; --line: #333b46; --paper: #14181d; --warn: #33270f; --edge: #b5791e }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem }
p { margin: .3rem 0 } .soft { color: var(--soft) }
svg { width: 100%; height: auto; display: block } svg text { fill: var(--soft); font-size: 12px }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 500 }
td.n { white-space: nowrap } .wide { overflow-x: auto }
.warn { background: var(--warn); border-left: 4px solid var(--edge); padding: .4rem .8rem; margin: .4rem 0 }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .3rem 0 .9rem; vertical-align: -1px }
]]

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape(value) return (tostring(value):gsub('[&<>"]', ESCAPES)) end

local function x_of(p, step)
  return LEFT + (WIDTH - LEFT - RIGHT) * (step - p.from - 1) / math.max(1, p.steps - p.from - 1)
end

local function y_of(value, most) return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most end

--- Points of a curve: jumps and corners stay, smooth parts are thinned.
local function points_of(p, rates, most)
  local points, every = {}, math.max(1, math.floor(p.count / MOST_POINTS))
  local function add(i, step) points[#points + 1] = ("%.1f,%.1f"):format(x_of(p, p.from + step), y_of(rates[i], most)) end
  for i = 1, p.count do
    local before, after = rates[i] - (rates[i - 1] or rates[i]), (rates[i + 1] or rates[i]) - rates[i]
    if math.abs(before) > most / 100 then add(i - 1, i) end
    if i == 1 or i == p.count or i % every == 0 or math.abs(after - before) > most / 2000 then add(i, i) end
  end
  return table.concat(points, " ")
end

local function most_of(groups)
  local most = 0
  for _, group in ipairs(groups) do
    for _, rate in ipairs(group.rates) do most = math.max(most, rate) end
  end
  return most > 0 and most or 1
end

local function line(x1, y1, x2, y2)
  return ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="var(--line)"/>'):format(x1, y1, x2, y2)
end

local function label(x, y, anchor, value)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>'):format(x, y, anchor, escape(value))
end

local function axes(p, most)
  local out = {}
  for i = 0, 4 do
    local value, step = most * i / 4, p.from + 1 + math.floor((p.steps - p.from - 1) * i / 4 + 0.5)
    local y = y_of(value, most)
    out[#out + 1] = line(LEFT, y, WIDTH - RIGHT, y) .. label(LEFT - 8, y + 4, "end", ("%.3g"):format(value))
    out[#out + 1] = label(x_of(p, step), HEIGHT - 8, i == 0 and "start" or i == 4 and "end" or "middle", "step " .. step)
  end
  return table.concat(out)
end

local function legend(groups)
  local out = {}
  for i, group in ipairs(groups) do
    out[i] = ('<span class="key" style="background:%s"></span>%s'):format(COLOURS[i] or COLOURS[1], escape(group.name))
  end
  return "<p>" .. table.concat(out) .. "</p>"
end

local function curves(p, groups, name)
  local most, out = most_of(groups), {}
  out[1] = ('<svg viewBox="0 0 %d %d" role="img" aria-label="%s">'):format(WIDTH, HEIGHT, escape(name)) .. axes(p, most)
  for i, group in ipairs(groups) do
    out[#out + 1] = ('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"><title>%s</title></polyline>'):format(
      COLOURS[i] or COLOURS[1], points_of(p, group.rates, most), escape(group.name))
  end
  out[#out + 1] = "</svg>"
  return table.concat(out, "\n")
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
  local height = 26 * #groups + 6
  local out = { ('<svg viewBox="0 0 %d %d" role="img" aria-label="groups on and off">'):format(WIDTH, height) }
  for i, group in ipairs(groups) do
    local y = 26 * (i - 1) + 4
    out[#out + 1] = label(LEFT - 8, y + 14, "end", group.name)
    out[#out + 1] = ('<rect x="%d" y="%d" width="%d" height="18" fill="none" stroke="var(--line)"/>'):format(LEFT, y, WIDTH - LEFT - RIGHT)
    for _, span in ipairs(spans_of(group.rates)) do
      local x, x_end = x_of(p, p.from + span[1]), x_of(p, p.from + span[2])
      out[#out + 1] = ('<rect x="%.1f" y="%d" width="%.1f" height="18" fill="%s"><title>steps %d to %d</title></rect>'):format(x, y,
        math.max(1, x_end - x), COLOURS[i] or COLOURS[1], p.from + span[1], p.from + span[2])
    end
  end
  return table.concat(out, "\n") .. "\n</svg>"
end

local function ticks(p)
  local out = { ('<svg viewBox="0 0 %d %d" role="img" aria-label="events">'):format(WIDTH, 26 * #p.events + 6) }
  for i, event in ipairs(p.events) do
    local y = 26 * (i - 1) + 4
    out[#out + 1] = label(LEFT - 8, y + 14, "end", event.what) .. line(LEFT, y + 9, WIDTH - RIGHT, y + 9)
    for _, step in ipairs(event.steps) do
      out[#out + 1] = ('<circle cx="%.1f" cy="%d" r="3.5" fill="%s"><title>step %d</title></circle>'):format(x_of(p, step), y + 9,
        COLOURS[i], step)
    end
  end
  return table.concat(out, "\n") .. "\n</svg>"
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
  return table.concat({
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>plan of '
      .. escape(p.name) .. "</title>", "<style>" .. STYLE .. "</style>",
    "<h1>Plan of " .. escape(p.name) .. "</h1>",
    ('<p class="soft">steps %d to %d · %s</p>'):format(p.from + 1, p.from + p.count, escape(text.cost(options.cost, p.count))),
    problems_of(p),
    "<h2>Learning rates</h2>", legend(options.groups), curves(p, options.groups, "learning rates"),
    "<h2>What trains</h2>", bars(p, options.groups), moving(p),
    "<h2>Events</h2>", ticks(p), table.concat(events), "<h2>Changes</h2>", change_rows(p),
    "<h2>At the first step</h2>", first_knobs(p, options.first), "</html>",
  }, "\n") .. "\n"
end

return page
