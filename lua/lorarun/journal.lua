--- The journal of a run, read.
--
--   journal.jsonl    one line per event, in the order things happened
--   journal.in_force drops what a kill undid: a resume goes back to a checkpoint, and what came after
--                    that checkpoint never shaped the weights that are there now
--
-- A run = recipe texts (by hash) + the events in force + seed. replay.lua plays them, fork.lua plays a part.

local tables = require "lorarun.tables"

local journal = {}

local system = lorarun.system

--- Gives the whole lines of a file of JSON lines, and how many are torn or damaged.
local function lines_of(path)
  local lines, torn = {}, 0
  if not system.exists(path) then return lines, torn end
  for text in system.read(path):gmatch("[^\n]+") do
    local good, line = pcall(system.decode, text, path)
    if good and type(line) == "table" then lines[#lines + 1] = line else torn = torn + 1 end
  end
  return lines, torn
end

--- Gives the events of a run folder in their order, and the number of torn lines.
---@return table[] events
---@return integer torn
function journal.read(folder)
  local lines, torn = lines_of(folder .. "/journal.jsonl")
  local events = {}
  for _, line in ipairs(lines) do
    if line.event and line.step then events[#events + 1] = line else torn = torn + 1 end
  end
  return events, torn
end

--- Gives {[step] = line} of metrics.jsonl, the last step, and the number of torn lines.
function journal.metrics(folder)
  local by_step, last = {}, 0
  local lines, torn = lines_of(folder .. "/metrics.jsonl")
  for _, line in ipairs(lines) do
    if line.step then
      by_step[line.step] = line
      last = math.max(last, line.step)
    end
  end
  return by_step, last, torn
end

--- Says on standard error that lines were lost, when some were.
function journal.tell_torn(folder, torn)
  if torn == 0 then return end
  system.log(("%s: %d torn line%s left out"):format(folder, torn, torn == 1 and "" or "s"), "warn")
end

--- How many of `kept` a resume at `step` leaves: up to the checkpoint that it came from.
local function kept_until(kept, step)
  for i = #kept, 1, -1 do
    local event = kept[i]
    if event.step == step and (event.event == "checkpoint" or event.event == "fork") then return i end
  end
  local last = #kept
  while last > 0 and kept[last].step > step do last = last - 1 end
  return last
end

--- Gives the events that shaped the run as it is now.
---@param events table[]
---@return table[]
function journal.in_force(events)
  local kept = {}
  for _, event in ipairs(events) do
    if event.event == "start" then
      kept = {}
    elseif event.event == "resume" then
      for i = #kept, kept_until(kept, event.step) + 1, -1 do kept[i] = nil end
    end
    kept[#kept + 1] = event
  end
  return kept
end

local SHAPES = { start = true, resume = true, fork = true, reload = true, tweak = true, untweak = true, decision = true,
  warn = true, rollback = true }

--- Whether an event came before the boundary after `step`; a resume at that boundary counts, any other change does not.
local function came_before(event, step)
  local name = event.event
  if event.step < step then return true end
  return event.step == step and (name == "start" or name == "resume" or name == "fork" or name == "decision" or name == "warn")
end

--- Gives the events that shaped the run up to a step: what a child of that step needs of its parent. When the run
--- went back over the step, what came before it did so belongs to them.
function journal.before(events, step)
  local gone_back, found = 0, {}
  for i, event in ipairs(events) do
    if event.event == "rollback" and event.to <= step then gone_back = i end
  end
  for i, event in ipairs(events) do
    if SHAPES[event.event] and (i <= gone_back or came_before(event, step)) then found[#found + 1] = event end
  end
  return found
end

--- Gives the events in force with the history of a fork in front of it, from step 0 on.
function journal.history(events)
  local first, whole = events[1], {}
  for _, event in ipairs(first and first.event == "fork" and first.history or {}) do whole[#whole + 1] = event end
  for _, event in ipairs(events) do whole[#whole + 1] = event end
  return whole
end

--- Gives the opening in force: { recipe = hash, path, given, steps }.
---@param events table[]   in force, from the start on
function journal.opening(events)
  local opening
  for _, event in ipairs(events) do
    if event.event == "start" or event.event == "resume" or event.event == "fork" then
      opening = { recipe = event.recipe, path = event.path, given = event.given, steps = event.steps }
    elseif event.event == "reload" and opening then
      opening = { recipe = event.new, path = event.path or opening.path, given = opening.given, steps = opening.steps }
    end
  end
  return opening
end

--- Gives the events of one kind.
function journal.of_kind(events, kind)
  local found = {}
  for _, event in ipairs(events) do
    if event.event == kind then found[#found + 1] = event end
  end
  return found
end

--- Gives how many tweaks and reloads shaped the run, or nothing when there was none.
function journal.live_changes(folder)
  local count = 0
  for _, event in ipairs(journal.history(journal.in_force((journal.read(folder))))) do
    if event.event == "tweak" or event.event == "reload" then count = count + 1 end
  end
  return count > 0 and count or nil
end

local NO_METRIC = { step = true, pictures = true, seconds = true }

--- Gives {[step] = {metric = value, …}} of the evaluations; what a rollback gave up is not among them.
function journal.evaluations(events)
  local by_step = {}
  for _, event in ipairs(events) do
    if event.event == "evaluate" then by_step[event.step] = journal.metrics_of(event) end
    if event.event == "rollback" then
      for step in pairs(by_step) do by_step[step] = step <= event.to and by_step[step] or nil end
    end
  end
  return by_step
end

--- Gives the measured values of an evaluate event.
function journal.metrics_of(event)
  local values = {}
  for key, value in pairs(event) do
    if type(value) == "number" and not NO_METRIC[key] then values[key] = value end
  end
  return values
end

--- The recipe's text of a hash, as the run folder keeps it.
function journal.recipe_text(folder, hash)
  local path = ("%s/recipe/%s.lua"):format(folder, hash:sub(1, 16))
  if not system.exists(path) then
    lorarun.fail { what = "the recipe's text " .. hash:sub(1, 16) .. " is not in the run folder", where = path,
      fix = "put the file back: without it the run cannot be made again" }
  end
  return system.read(path)
end

local function show(value)
  if value == nil then return "nothing" end
  if type(value) == "table" then return system.encode(value) end
  if type(value) == "number" then return ("%.6g"):format(value) end
  return tostring(value)
end

local function short_number(value)
  if type(value) == "number" then return ("%.4g"):format(value) end
  return type(value) == "table" and system.encode(value) or tostring(value)
end

--- A hook's answer as a table, or nothing when the text is none.
local function answer_of(text)
  local good, answer = pcall(system.decode, text)
  return good and type(answer) == "table" and answer[1] == nil and answer or nil
end

--- Gives a hook's answer in words: "clip 0.5, lr 0.001".
---@param text string?
---@return string
function journal.answer_text(text)
  local answer = text ~= nil and answer_of(text)
  if not answer then return text == nil and "nothing" or tostring(text) end
  local parts = {}
  for _, key in ipairs(tables.sorted_keys(answer)) do parts[#parts + 1] = key .. " " .. short_number(answer[key]) end
  return #parts > 0 and table.concat(parts, ", ") or "nothing"
end

--- The first and the last value of each key of several answers: "clip 0.5, lr 0.001 -> 3e-05".
local function answers_text(texts)
  local first, last, keys = {}, {}, {}
  for _, text in ipairs(texts) do
    last = answer_of(text)
    if not last then return journal.answer_text(text) end
    for key, value in pairs(last) do
      keys[key] = true
      if first[key] == nil then first[key] = value end
    end
  end
  local parts = {}
  for _, key in ipairs(tables.sorted_keys(keys)) do
    local is_same = tables.same(first[key], last[key])
    local arrow = not is_same and " -> " .. (last[key] == nil and "nothing" or short_number(last[key])) or ""
    parts[#parts + 1] = ("%s %s%s"):format(key, short_number(first[key]), arrow)
  end
  return #parts > 0 and table.concat(parts, ", ") or "nothing"
end

--- The answers of decisions, in their order, and the one before the first.
local function answers_of(events)
  local texts = { events[1].old }
  for _, event in ipairs(events) do texts[#texts + 1] = event.new end
  return texts
end

--- Gives the value that brought a step among the best.
function journal.kept_value(event)
  for _, one in ipairs(type(event.kept) == "table" and event.kept or {}) do
    if one.step == event.step then return short_number(one.value) end
  end
  return "?"
end

local function change(event) return ("%s: %s -> %s"):format(event.key, show(event.old), show(event.new)) end

local function short(hash) return hash and tostring(hash):sub(1, 8) or "?" end

local function given_text(given)
  local parts = {}
  for _, key in ipairs { "steps", "seed", "name" } do
    if given and given[key] then parts[#parts + 1] = key .. "=" .. show(given[key]) end
  end
  for _, pair in ipairs(given and given.set or {}) do parts[#parts + 1] = pair[1] .. "=" .. show(pair[2]) end
  return #parts > 0 and (", given " .. table.concat(parts, " ")) or ""
end

local function opening(event)
  return ("recipe %s, seed %s, %s steps, %s%s"):format(short(event.recipe), show(event.seed), show(event.steps),
    show(event.device), given_text(event.given))
end

local function last_part(path) return (tostring(path):match("([^/]+)$")) end

local function measured_text(events)
  local before, after, parts = journal.metrics_of(events[1]), journal.metrics_of(events[#events]), {}
  for _, name in ipairs(tables.sorted_keys(after)) do
    local from = events[2] and before[name] and short_number(before[name]) .. " -> " or ""
    parts[#parts + 1] = ("%s %s%s"):format(name, from, short_number(after[name]))
  end
  return table.concat(parts, ", ")
end

local function selected_text(events)
  local first, last = events[1], events[#events]
  local from = events[2] and journal.kept_value(first) .. " -> " or ""
  return ("%s: %s %s%s, place %s of those kept"):format(show(last.key), show(last.metric), from, journal.kept_value(last),
    show(last.place))
end

--- Things by their names: the first … the last.
local function span_of(events, name) return (events[2] and name(events[1]) .. " … " or "") .. name(events[#events]) end

--- What one event says, or several of one kind and key together.
local SAY_TOGETHER = {
  decision = function(events) return ("%s: %s"):format(show(events[1].key), answers_text(answers_of(events))) end,
  evaluate = measured_text,
  select = selected_text,
  checkpoint = function(events) return span_of(events, function(e) return last_part(e.path) end) end,
  render = function(events)
    return ("%s, %s pictures"):format(span_of(events, function(e) return show(e.folder) end), show(events[1].pictures))
  end,
}

local SAY = {
  start = opening, resume = opening,
  tweak = function(e)
    local last = e.to and (" to " .. e.to) or " on"
    return ("%d: %s = %s from step %s%s"):format(e.id or 0, e.key, show(e.new), show(e.from), last)
  end,
  untweak = function(e) return ("%s: %s = %s no longer"):format(show(e.id), show(e.key), show(e.old)) end,
  reload = function(e) return ("recipe %s -> %s%s"):format(short(e.old), short(e.new), e.diff and ": " .. show(e.diff) or "") end,
  fork = function(e)
    return ("from %s at step %d, recipe %s%s"):format(show(e.parent), e.step, short(e.recipe), given_text(e.given))
  end,
  rollback = function(e) return ("back to step %s%s"):format(show(e.to), e.why and ": " .. e.why or "") end,
}

local SHOWN_APART = { time = true, step = true, event = true, origin = true }

local function fields(event)
  local parts = {}
  for key, value in pairs(event) do
    if not SHOWN_APART[key] then parts[#parts + 1] = key .. " " .. show(value) end
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

--- Says in a line of words what an event changed.
function journal.say(event)
  if SAY[event.event] then return SAY[event.event](event) end
  if SAY_TOGETHER[event.event] then return SAY_TOGETHER[event.event] { event } end
  if event.key and (event.old ~= nil or event.new ~= nil) then return change(event) end
  return event.what or fields(event)
end

--- Says in a line of words what several events of one kind and key did together.
---@param events table[]   in their order
function journal.say_together(events)
  local say = SAY_TOGETHER[events[1].event]
  return ("%s; %d times, the last at step %d"):format(say and say(events) or journal.say(events[1]), #events,
    events[#events].step)
end

return journal
