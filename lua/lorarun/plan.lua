--- Plans: what a recipe will do, step by step, without a model, a GPU or data.
--
--   settings + schedule + phases + on.step on a synthetic loss --every step--> columns --> changes, events, problems
--
--   columns    per knob the value at each step          { ["lr"] = {…}, ["t5.train"] = {…} }
--   segments   the same, shortened: a value that holds, or a ramp from one value to another
--   changes    where a segment begins, in the order of the steps
--   events     checkpoints, pictures, evaluations: how many and when
--
-- A plan of a run that has begun covers what is left of it.

local knobs = require "lorarun.knobs"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"
local tables = require "lorarun.tables"
local trace = require "lorarun.plan.trace"

local plan = { dry_run = trace.dry_run }

local MOST_ROWS_OF_A_KEY, MOST_PACE = 40, 5
local CADENCES = { save = true, render = true, evaluate = true }
local IS_GROUP = { transformer = true }
for _, name in ipairs(schema.text_encoders) do IS_GROUP[name] = true end

local function text_of(value)
  if type(value) ~= "table" then return value end
  return lorarun.system.encode(value)
end

local function is_read(law, s)
  for _, kind in ipairs(s and s.acts_with or { law.kind }) do
    if kind == law.kind then return true end
  end
  return false
end

--- {kind = "logit_normal", mean = 0.5} as "logit_normal { mean = 0.5 }": what it reads and is not the default.
local function law_text(name, law)
  local rest = {}
  for key, value in pairs(law) do
    local s = schema.find(name .. "." .. key)
    if key ~= "kind" and is_read(law, s) and not (s and s.default == value) then
      rest[#rest + 1] = key .. " = " .. tostring(text_of(value))
    end
  end
  table.sort(rest)
  return #rest > 0 and law.kind .. " { " .. table.concat(rest, ", ") .. " }" or law.kind
end

local law_texts = setmetatable({}, { __mode = "k" })

local function short(name, value)
  if type(value) ~= "table" then return value end
  law_texts[value] = law_texts[value] or (value.kind and law_text(name, value) or text_of(value))
  return law_texts[value]
end

--- One flat row: numbers, flags and texts by dotted name.
local function flatten(decided)
  local row = {}
  for key, value in pairs(decided) do
    if IS_GROUP[key] then
      row[key .. ".lr"], row[key .. ".train"] = value.lr, value.train
    elseif CADENCES[key] then
      row[key .. ".every"] = value.every
    elseif key == "modules" then
      for pattern, factor in pairs(value) do row["modules." .. pattern] = factor end
    elseif key ~= "stop" then
      row[key] = short(key, value)
    end
  end
  return row
end

local function put_row(columns, index, row)
  for key, value in pairs(row) do
    columns[key] = columns[key] or {}
    columns[key][index] = value
  end
end

--- Shortens a column to values that hold and ramps that rise or fall all the way.
local function shorten(column, count, first_step)
  local segments, i = {}, 1
  local function is_moving(at) -- a change right after a change: part of a ramp
    return at < count and type(column[at]) == "number" and type(column[at + 1]) == "number" and column[at] ~= column[at + 1]
  end
  local function is_jump(at) -- far beyond the pace of the ramp so far
    return math.abs(column[at + 1] - column[at]) > MOST_PACE * math.abs(column[at] - column[at - 1])
  end
  while i <= count do
    local start, stop = i, i
    if is_moving(i) and is_moving(i + 1) and (column[i + 1] > column[i]) == (column[i + 2] > column[i + 1]) then
      local rises = column[i + 1] > column[i]
      stop = i + 1
      while is_moving(stop) and (column[stop + 1] > column[stop]) == rises and not is_jump(stop) do stop = stop + 1 end
      segments[#segments + 1] = { from = first_step + start - 1, to = first_step + stop - 1, value = column[start],
        last = column[stop] }
    else
      while stop < count and column[stop + 1] == column[start] do stop = stop + 1 end
      segments[#segments + 1] = { from = first_step + start - 1, to = first_step + stop - 1, value = column[start] }
    end
    i = stop + 1
  end
  return segments
end

--- A knob that changes too often for a table: one row for all of it.
local function crowded(key, segments)
  local least, most = math.huge, -math.huge
  for _, segment in ipairs(segments) do
    for _, value in ipairs { segment.value, segment.last } do
      if type(value) == "number" then least, most = math.min(least, value), math.max(most, value) end
    end
  end
  return { step = segments[2].from, key = key, old = segments[1].value, new = segments[2].value, count = #segments - 1,
    least = least <= most and least or nil, most = least <= most and most or nil }
end

local function value_before(segment)
  if segment and segment.last ~= nil then return segment.last end
  return segment and segment.value
end

local function changes_of_key(key, segments, changes)
  if #segments > MOST_ROWS_OF_A_KEY then
    changes[#changes + 1] = crowded(key, segments)
    return
  end
  for i, segment in ipairs(segments) do
    local before = segments[i - 1]
    local is_news = before and (segment.last or value_before(before) ~= segment.value)
    if is_news or (not before and segment.last) then
      changes[#changes + 1] = { step = segment.from, key = key, old = value_before(before), new = segment.value,
        last = segment.last, to = segment.last and segment.to or nil }
    end
  end
end

local function all_changes(segments)
  local changes = {}
  for _, key in ipairs(tables.sorted_keys(segments)) do changes_of_key(key, segments[key], changes) end
  table.sort(changes, function(a, b)
    if a.step ~= b.step then return a.step < b.step end
    return a.key < b.key
  end)
  return changes
end

--- When something with a cadence happens: after steps that it divides, and after the last.
local function times(column, count, first_step, last_step)
  local steps = {}
  for i = 1, count do
    local step = first_step + i - 1
    local every = column[i]
    if every and (step % every == 0 or step == last_step) then steps[#steps + 1] = step end
  end
  return steps
end

local function events_of(p)
  local events = {}
  for _, what in ipairs { "save", "render", "evaluate" } do
    local column = p.columns[what .. ".every"]
    if column and p.settings[what] then
      local steps = times(column, p.count, p.from + 1, p.steps)
      events[#events + 1] = { what = what, count = #steps, steps = steps, every = column[1] }
    end
  end
  return events
end

local function view_of(source, options)
  local settings = source.settings
  return {
    settings = settings, tweaks = source.tweaks, place = source.place or source.path or (source.recipe and source.recipe.path),
    steps_per_epoch = options.steps_per_epoch or source.steps_per_epoch,
    steps = options.steps or source.steps or settings.steps,
    text = source.text or (source.recipe and source.recipe.text), policy = source.policy or source.recipe.policy,
    name = source.name or settings.name,
  }
end

--- Takes one step into the plan.
local function take(p, view, step, below, answer)
  if answer and answer.stop then
    p.stop = { step = step, reason = tostring(answer.stop) }
    return
  end
  local i = step - p.from
  p.below_lr[i] = view.settings.optimizer.lr * schedule.new(view.settings.schedule)((step - 1) / view.steps)
  if answer then p.hook_lr[i] = answer.lr end
  put_row(p.columns, i, flatten(knobs.above(view, step, below, answer)))
  p.count = i
end

--- Plans what is left of a run, or the whole of a recipe.
---@param source table    a run, or an opened recipe
---@param options table?  { from = last step that is done, state, steps, steps_per_epoch, trace = "flat" }
---@return table plan     { name, from, steps, count, columns, segments, changes, events, stop, problems }
function plan.of(source, options)
  options = options or {}
  local view = view_of(source, options)
  if not view.steps then
    lorarun.fail { what = "the recipe counts epochs, and the data is not there to say how many steps they are",
      where = view.place, fix = "add --steps N" }
  end
  local p = { name = view.name, place = view.place, settings = view.settings, from = options.from or source.step or 0,
    steps = view.steps, count = 0, columns = {}, below_lr = {}, hook_lr = {},
    steps_per_epoch = view.steps_per_epoch }
  p.segments, p.state = {}, trace.rehearse(view.policy, view, options.state or source.state, options.trace or "flat", p.from,
    view.steps, function(step, below, answer) take(p, view, step, below, answer) end)
  for key, column in pairs(p.columns) do p.segments[key] = shorten(column, p.count, p.from + 1) end
  p.changes, p.events = all_changes(p.segments), events_of(p)
  p.problems = require("lorarun.plan.problems").of(p, source)
  return p
end

--- Gives all knobs of one step.
function plan.at(p, step)
  local row = {}
  for key, column in pairs(p.columns) do row[key] = column[step - p.from] end
  return row
end

--- The rate that a group trains with; 0 where it does not. The trainer and text_encoders.trains decide alike.
local function rate_of(p, group, i)
  local train, rate = p.columns[group .. ".train"], p.columns[group .. ".lr"]
  if train and train[i] == false then return 0 end
  return rate and rate[i] or p.columns.lr[i]
end

--- Gives the rate of each group that has adapters, at every step.
---@return { name: string, rates: number[] }[]
function plan.groups(p)
  local groups = {}
  for _, name in ipairs { "transformer", unpack(p.settings.network.text_encoders or {}) } do
    local rates = {}
    for i = 1, p.count do rates[i] = rate_of(p, name, i) end
    groups[#groups + 1] = { name = name, rates = rates }
  end
  return groups
end

local function flat_settings(value, path, into)
  if type(value) ~= "table" then
    into[path] = value
    return into
  end
  for key, item in pairs(value) do
    local part = type(key) == "number" and "[" .. key .. "]" or (path == "" and key or "." .. key)
    flat_settings(item, path .. part, into)
  end
  return into
end

local function setting_differences(old, new)
  local before, after, keys, list = flat_settings(old, "", {}), flat_settings(new, "", {}), {}, {}
  for key in pairs(before) do keys[key] = true end
  for key in pairs(after) do keys[key] = true end
  for _, key in ipairs(tables.sorted_keys(keys)) do
    if before[key] ~= after[key] then list[#list + 1] = { key = key, old = before[key], new = after[key] } end
  end
  return list
end

--- The ranges of steps in which one knob differs.
local function knob_differences(key, old, new, list)
  local first, last = math.max(old.from, new.from) + 1, math.max(old.from + old.count, new.from + new.count)
  local open
  for step = first, last do
    local before = (old.columns[key] or {})[step - old.from]
    local after = (new.columns[key] or {})[step - new.from]
    if before == after then
      open = nil
    elseif open then
      open.to, open.old_last, open.new_last = step, before, after
    else
      open = { key = key, from = step, to = step, old = before, new = after, old_last = before, new_last = after }
      list[#list + 1] = open
    end
  end
end

local function show(value)
  if value == nil then return "absent" end
  if value == "" then return '""' end
  return type(value) == "number" and ("%.6g"):format(value) or tostring(value)
end
plan.show = show

local function range_text(value, last)
  return value == last and show(value) or show(value) .. " … " .. show(last)
end

local function difference_text(diff)
  local lines = {}
  for _, d in ipairs(diff.settings) do lines[#lines + 1] = ("%s: %s -> %s"):format(d.key, show(d.old), show(d.new)) end
  for _, d in ipairs(diff.knobs) do
    lines[#lines + 1] = ("steps %d to %d: %s %s -> %s"):format(d.from, d.to, d.key, range_text(d.old, d.old_last),
      range_text(d.new, d.new_last))
  end
  return #lines > 0 and table.concat(lines, "\n") or "no difference"
end

--- Gives what changes from one plan to another.
---@return table diff   { settings = {{key, old, new}}, knobs = {{from, to, key, old, new}}, text }
function plan.diff(old, new)
  local diff = { settings = setting_differences(old.settings, new.settings), knobs = {} }
  local keys = {}
  for key in pairs(old.columns) do keys[key] = true end
  for key in pairs(new.columns) do keys[key] = true end
  for _, key in ipairs(tables.sorted_keys(keys)) do knob_differences(key, old, new, diff.knobs) end
  diff.text = difference_text(diff)
  return diff
end

return plan
