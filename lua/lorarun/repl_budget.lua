--- Runs a function for a limited time and memory, so that a slip at the REPL cannot stall training.
--
-- A hook looks at clock and memory every few instructions (the state has no JIT, whose traces would not see it).
-- What the function may take long for, because somebody asked for it by name, is run through budget.free.

local budget = {}

local EVERY_INSTRUCTIONS, CLOCK_EVERY = 5, 32 -- a text that doubles itself must not get far between two looks
local MEGABYTE_KB = 1024

local running -- { until_s, most_kb, is_interrupted }

local function look()
  if collectgarbage("count") > running.most_kb then
    collectgarbage()
    if collectgarbage("count") > running.most_kb then
      error(("the line used more than %d MB of memory"):format(running.memory_mb), 0)
    end
  end
  running.looks = running.looks + 1
  if running.looks % CLOCK_EVERY ~= 0 then return end
  if lorarun.system.seconds() > running.until_s then
    error(("the line took longer than %s"):format(running.seconds < 1 and running.seconds * 1000 .. " ms"
      or running.seconds .. " s"), 0)
  end
  if running.is_interrupted and running.is_interrupted() then error("interrupted", 0) end
end

--- Calls f() within `limits` = { seconds, memory_mb, is_interrupted }; gives what pcall gives.
function budget.run(f, limits)
  running = { seconds = limits.seconds, until_s = lorarun.system.seconds() + limits.seconds, memory_mb = limits.memory_mb,
    most_kb = collectgarbage("count") + limits.memory_mb * MEGABYTE_KB, is_interrupted = limits.is_interrupted, looks = 0 }
  debug.sethook(look, "", EVERY_INSTRUCTIONS)
  local results = { pcall(f) }
  debug.sethook()
  running = nil
  return unpack(results, 1, table.maxn(results))
end

--- Calls f(...) outside the budget that holds.
function budget.free(f, ...)
  local held, started = running, lorarun.system.seconds()
  debug.sethook()
  local results = { pcall(f, ...) }
  if held then
    running, held.until_s = held, held.until_s + (lorarun.system.seconds() - started)
    debug.sethook(look, "", EVERY_INSTRUCTIONS)
  end
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

return budget
