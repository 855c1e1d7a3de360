--- The curves of a report: loss, learning rates, what evaluations measured.

local svg_plot = require "lorarun.svg_plot"

local curves = {}

local function mean(points, from, to)
  local sum = 0
  for i = from, to do sum = sum + points[i][2] end
  return sum / (to - from + 1)
end

--- Gives the mean of the first and of the last tenth of a curve, or nothing.
function curves.tenths(points)
  if #points == 0 then return nil end
  local count = math.max(1, math.floor(#points / 10))
  return mean(points, 1, count), mean(points, #points - count + 1, #points)
end

--- Gives the moving average of a curve: of each point, the mean of those around it.
function curves.smooth(points)
  local half, sums, out = math.max(1, math.min(100, math.floor(#points / 30))), { [0] = 0 }, {}
  for i, point in ipairs(points) do sums[i] = sums[i - 1] + point[2] end
  for i, point in ipairs(points) do
    local reach = math.min(half, i - 1, #points - i)
    out[i] = { point[1], (sums[i + reach] - sums[i - reach - 1]) / (2 * reach + 1) }
  end
  return out
end

--- Lowest value, and highest but for the one in a hundred that stands out.
local function range_of(points)
  local values = {}
  for i, point in ipairs(points) do values[i] = point[2] end
  table.sort(values)
  return values[1], values[math.max(1, math.ceil(#values * 0.99))]
end

local function first_and_last(list)
  local first, last = math.huge, 0
  for _, points in ipairs(list) do
    if points[1] then first, last = math.min(first, points[1][1]), math.max(last, points[#points][1]) end
  end
  return first, last
end

local MARKS = { tweak = true, untweak = true, reload = true, rollback = true, fork = true }

--- Dashed lines where people or policies changed something.
local function marks(frame, changes)
  local out = {}
  for _, change in ipairs(changes) do
    if MARKS[change.event] and change.step >= frame.first and change.step <= frame.last then
      out[#out + 1] = svg_plot.mark(frame, change.step, { colour = svg_plot.colour(3),
        title = ("step %d, %s: %s"):format(change.step, change.event, change.what) })
    end
  end
  return out
end

--- Gives the loss: each step, and its moving average.
function curves.loss(facts)
  local points = facts.loss
  if #points == 0 then return '<h2>Loss</h2><p class="soft">No step was written down.</p>' end
  local low, high = range_of(points)
  local first, last = first_and_last { points }
  local frame = svg_plot.frame { first = first, last = last, low = low, high = high, name = "loss" }
  local parts = marks(frame, facts.changes)
  local names, colours = { "each step", "moving average" }, { "color-mix(in srgb, var(--c1) 35%, var(--paper))", svg_plot.colour(1) }
  if #parts > 0 then names[3], colours[3] = "a change, see below", svg_plot.colour(3) end
  table.insert(parts, 1, svg_plot.line(frame, svg_plot.envelope(points),
    { colour = svg_plot.colour(1), opacity = 0.35, width = 1, title = "each step" }))
  parts[#parts + 1] = svg_plot.line(frame, svg_plot.envelope(curves.smooth(points)),
    { colour = svg_plot.colour(1), width = 2.5, title = "moving average" })
  return "<h2>Loss</h2>" .. svg_plot.legend(names, colours) .. svg_plot.draw(frame, parts)
end

--- Gives the learning rates.
function curves.rates(facts)
  local lists, names, high = {}, {}, 0
  for i, rate in ipairs(facts.rates) do
    lists[i], names[i] = rate.points, rate.name
    for _, point in ipairs(rate.points) do high = math.max(high, point[2]) end
  end
  local first, last = first_and_last(lists)
  if last == 0 then return "" end
  local frame = svg_plot.frame { first = first, last = last, high = high, height_rem = 8, name = "learning rate" }
  local lines = {}
  for i, points in ipairs(lists) do
    lines[i] = svg_plot.line(frame, svg_plot.thin(frame, points), { colour = svg_plot.colour(i), title = names[i] })
  end
  return "<h2>Learning rate</h2>" .. svg_plot.legend(names) .. svg_plot.draw(frame, lines)
end

local function evaluation(facts, name, i)
  local points, found = {}, facts.evaluations
  for _, one in ipairs(found.steps) do
    if one.values[name] then points[#points + 1] = { one.step, one.values[name] } end
  end
  if #points < 2 then return "" end
  local low, high = range_of(points)
  local first, last = first_and_last { points }
  local frame = svg_plot.frame { first = first, last = last, low = low, high = math.max(high, points[1][2]), height_rem = 8, name = name }
  local parts = { svg_plot.line(frame, points, { colour = svg_plot.colour(i), title = name }) }
  for _, point in ipairs(points) do
    parts[#parts + 1] = svg_plot.dot(frame, point, { colour = svg_plot.colour(i), width = 6,
      title = ("step %d: %.5g"):format(point[1], point[2]) })
  end
  local best = found.best[name]
  if best then
    parts[#parts + 1] = svg_plot.dot(frame, { best.step, best.value }, { colour = svg_plot.colour(2), width = 10,
      title = ("best: %.5g at step %d"):format(best.value, best.step) })
  end
  return svg_plot.legend({ (name:gsub("_", " ")), best and ("best, at step %d"):format(best.step) },
    { svg_plot.colour(i), svg_plot.colour(2) }) .. svg_plot.draw(frame, parts)
end

--- Gives what evaluations measured, a drawing each.
function curves.evaluations(facts)
  local out = {}
  for i, name in ipairs(facts.evaluations.names) do out[i] = evaluation(facts, name, i == 1 and 1 or i + 1) end
  return table.concat(out, "\n")
end

return curves
