--- `lorarun log RUN`: shows the journal to people: when, at which step, who changed what.

local journal = require "lorarun.journal"
local run_folder = require "lorarun.run_folder"
local tables = require "lorarun.tables"

local log = { usage = "log RUN [--event E] [--runs DIR] [--json]", switches = { "json" }, valued = { "event", "runs" } }

local function chosen(events, kind)
  if not kind then return events end
  local known, found = {}, journal.of_kind(events, kind)
  for _, event in ipairs(events) do known[event.event] = true end
  if #found > 0 then return found end
  local names = tables.sorted_keys(known)
  lorarun.fail { what = "the journal has no event '" .. kind .. "'", where = "--event",
    fix = "events of this run: " .. table.concat(names, ", ") }
end

local function line_of(event)
  local text = journal.say(event):gsub("%s*\n%s*", "  ")
  return ("%-19s %7d  %-10s %-7s %s"):format(tostring(event.time or ""):sub(1, 19), event.step, event.event,
    event.origin or "", text)
end

function log.run(arguments)
  local folder = run_folder.find(arguments[1], arguments.runs)
  local events, torn = journal.read(folder)
  events = chosen(events, arguments.event)
  if arguments.json then
    print(lorarun.system.encode { run = folder, events = events, torn = torn })
    return 0
  end
  print(("%-19s %7s  %-10s %-7s %s"):format("time (UTC)", "step", "event", "origin", "what"))
  for _, event in ipairs(events) do print(line_of(event)) end
  journal.tell_torn(folder, torn)
  return 0
end

return log
