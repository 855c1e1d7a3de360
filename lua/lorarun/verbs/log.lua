--- `lorarun log RUN`: shows the journal to people: when, at which step, who changed what; what repeats is one line.

local folded = require "lorarun.folded"
local journal = require "lorarun.journal"
local local_time = require "lorarun.local_time"
local run_folder = require "lorarun.run_folder"
local tables = require "lorarun.tables"

local log = { usage = "log RUN [--event E] [--all] [--runs DIR] [--json]", switches = { "all", "json" }, valued = { "event", "runs" } }

local function chosen(events, kind)
  if not kind then return events end
  local known, found = {}, journal.of_kind(events, kind)
  for _, event in ipairs(events) do known[event.event] = true end
  if #found > 0 then return found end
  local names = tables.sorted_keys(known)
  lorarun.fail { what = "the journal has no event '" .. kind .. "'", where = "--event",
    fix = "events of this run: " .. table.concat(names, ", ") }
end

--- One line of one event, or of several that are folded.
local function line_of(events)
  local event = events[1]
  local text = (events[2] and journal.say_together(events) or journal.say(event)):gsub("%s*\n%s*", "  "):gsub("%c", " ")
  return ("%-19s %7d  %-10s %-7s %s"):format(local_time.text(event.time), event.step, event.event, event.origin or "", text)
end

local function tell(events, shows_all)
  local last = events[#events]
  print(("%-19s %7s  %-10s %-7s %s"):format(("time (%s)"):format(local_time.zone(last and last.time)), "step", "event", "origin", "what"))
  local lines = shows_all and folded.apart(events) or folded.of(events)
  for _, line in ipairs(lines) do print(line_of(line)) end
  if #lines < #events then
    print(("%d events in %d lines; --all shows each"):format(#events, #lines))
  end
end

function log.run(arguments)
  local folder = run_folder.find(arguments[1], arguments.runs)
  local events, torn = journal.read(folder)
  events = chosen(events, arguments.event)
  if arguments.json then
    print(lorarun.system.encode { run = folder, events = events, torn = torn })
    return 0
  end
  tell(events, arguments.all or arguments.event)
  journal.tell_torn(folder, torn)
  return 0
end

return log
