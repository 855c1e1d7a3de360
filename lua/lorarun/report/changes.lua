--- What changed while a run trained, and when: the journal's lines that people ask about, long runs of lines alike folded.
--
--   { step, to, event, origin, what, lines }    `to` and `lines` only of a fold: its last step, and each line in it

local journal = require "lorarun.journal"

local changes = {}

local system = lorarun.system

local TOLD = { tweak = true, untweak = true, reload = true, decision = true, rollback = true, warn = true, select = true,
  encoder = true, write = true, fork = true, resume = true, refused = true, stop = true }

local FOLD_FROM = 4

local function value_text(value)
  if type(value) == "number" then return ("%.4g"):format(value) end
  return type(value) == "table" and system.encode(value) or tostring(value)
end

--- Events that come in runs, and what each line says: what it was before, what it is from here on.
local SERIES = {
  decision = function(event) return event.old ~= nil and journal.answer_text(event.old) or nil, journal.answer_text(event.new) end,
  select = function(event)
    return nil, ("%s %s, place %s of those kept"):format(tostring(event.metric), journal.kept_value(event), value_text(event.place))
  end,
}

local function text_of(event)
  if event.event == "encoder" then return ("%s is %s from here on"):format(tostring(event.encoder), tostring(event.mode)) end
  return journal.say(event)
end

local function line_of(event)
  local line = { step = event.step, event = event.event, origin = event.origin }
  if not SERIES[event.event] then
    line.what = text_of(event)
    return line
  end
  line.key, line.before, line.after = tostring(event.key), SERIES[event.event](event)
  line.what = ("%s: %s%s"):format(line.key, line.before and line.before .. " → " or "", line.after)
  return line
end

--- One line in place of a run of lines with the same key.
local function fold(lines)
  local first, last = lines[1], lines[#lines]
  return { step = first.step, to = last.step, event = first.event, origin = first.origin, lines = lines,
    what = ("%s: %s → %s"):format(first.key, first.before or first.after, last.after) }
end

local function belongs(run, line) return run[1] and line.key == run[1].key and line.event == run[1].event end

--- Gives the changes in their order.
---@param events table[]   in force
---@return table[]
function changes.of(events)
  local out, run = {}, {}
  local function close()
    if #run >= FOLD_FROM then
      out[#out + 1] = fold(run)
    else
      for _, line in ipairs(run) do out[#out + 1] = line end
    end
    run = {}
  end
  for _, event in ipairs(events) do
    if TOLD[event.event] and event.what ~= "complete" then
      local line = line_of(event)
      if not belongs(run, line) then close() end
      if line.key then run[#run + 1] = line else out[#out + 1] = line end
    end
  end
  close()
  return out
end

return changes
