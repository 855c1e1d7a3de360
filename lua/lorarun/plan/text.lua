--- A plan as people read it in a terminal.

local ROW = "%6s  %8s  %-18s %s"
local memory_size = require "lorarun.memory_size"
local memory_text = require "lorarun.plan.memory_text"
local tables = require "lorarun.tables"
local terminal_plot = require "lorarun.terminal_plot"

local text = {}

local WHAT = { save = "checkpoint%s", render = "sheet%s of pictures", evaluate = "evaluation%s" }

--- Gives a value in few digits.
function text.value(value)
  if value == nil then return "-" end
  if type(value) == "number" then return ("%.5g"):format(value) end
  if type(value) == "boolean" then return value and "on" or "off" end
  return tostring(value)
end

--- Gives what a change says, without its step.
function text.change(change)
  if change.count then
    local range = change.least and (", between %.5g and %.5g"):format(change.least, change.most) or ""
    return ("changes %d times from here%s"):format(change.count, range)
  end
  if change.last then
    local word = change.last > change.new and "rises" or "falls"
    return ("%s from %s to %s by step %d"):format(word, text.value(change.new), text.value(change.last), change.to)
  end
  return text.value(change.old) .. " -> " .. text.value(change.new)
end

--- Gives what an event's row says.
function text.event(event)
  local steps, shown = event.steps, {}
  for i = 1, math.min(4, #steps) do shown[i] = tostring(steps[i]) end
  if #steps > 5 then shown[#shown + 1] = "…" end
  if #steps > 4 then shown[#shown + 1] = tostring(steps[#steps]) end
  local cadence = event.count > 1 and (", every %s steps"):format(tostring(event.every or "?")) or ""
  return ("%d %s%s: %s"):format(event.count, WHAT[event.what]:format(event.count == 1 and "" or "s"), cadence,
    table.concat(shown, ", "))
end

local function add_changes(p, lines)
  lines[#lines + 1] = ROW:format("step", "progress", "what", "change")
  for _, change in ipairs(p.changes) do
    lines[#lines + 1] = ROW:format(change.step, ("%.1f %%"):format(100 * (change.step - 1) / p.steps), change.key,
      text.change(change))
  end
  if #p.changes == 0 then lines[#lines + 1] = "  nothing changes: every step has the knobs of the first" end
end

local function add_plot(p, groups, width, lines)
  local series = {}
  for i, group in ipairs(groups) do
    local x = {}
    for step = 1, p.count do x[step] = p.from + step end
    series[i] = { name = group.name, x = x, y = group.rates }
  end
  lines[#lines + 1] = terminal_plot.draw(series, { width = width, height = 12, title = "learning rate" })
end

--- Gives the sentence about time, and memory as it was measured.
function text.cost(cost, steps)
  if not cost then return "time: not measured yet (a run of this name measures it)" end
  local memory = cost.memory_bytes and ", the process at its peak held " .. memory_size(cost.memory_bytes) or ""
  return ("about %s: %.3g s a step, measured over %d steps in %s%s"):format(lorarun.system.duration(cost.seconds * steps),
    cost.seconds, cost.steps, cost.folder, memory)
end

--- Gives the knobs of one step, a line each.
function text.knobs(row, step)
  local lines = { "knobs of step " .. step }
  for _, key in ipairs(tables.sorted_keys(row)) do lines[#lines + 1] = ("  %-18s %s"):format(key, text.value(row[key])) end
  return table.concat(lines, "\n")
end

--- Gives the whole text.
---@param p table         of plan.of
---@param options table   { groups, cost, memory, why_not, width }
function text.of(p, options)
  local lines = { ("plan of %s: steps %d to %d"):format(p.name, p.from + 1, p.from + p.count), "" }
  add_changes(p, lines)
  lines[#lines + 1] = ""
  add_plot(p, options.groups, options.width, lines)
  lines[#lines + 1] = ""
  for _, event in ipairs(p.events) do lines[#lines + 1] = text.event(event) end
  lines[#lines + 1] = text.cost(options.cost, p.count)
  for _, line in ipairs(options.memory and memory_text.lines(options.memory) or { "memory: not counted: " .. (options.why_not or "?") }) do
    lines[#lines + 1] = line
  end
  if #p.problems > 0 then lines[#lines + 1] = "\nworth a look:" end
  for _, problem in ipairs(p.problems) do
    lines[#lines + 1] = "  " .. problem.what
    lines[#lines + 1] = "    fix: " .. problem.fix
  end
  return table.concat(lines, "\n")
end

return text
