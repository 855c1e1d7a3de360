--- What a step has cost: measured by a run of the same name, or not known.
--
--   { seconds = median of its steps, steps = how many, memory_bytes of the process at its peak, folder }

local cost = {}

local system = lorarun.system

local MOST_LINES, WARMING_UP = 2000, 3

local function seconds_of(path)
  local seconds = {}
  for line in io.lines(path) do
    local value = tonumber(line:match('"seconds":([%d%.eE+-]+)'))
    seconds[#seconds + 1] = value
    if #seconds >= MOST_LINES then break end
  end
  for _ = 1, #seconds > 2 * WARMING_UP and WARMING_UP or 0 do table.remove(seconds, 1) end
  table.sort(seconds)
  return seconds
end

local function memory_of(folder)
  local path = folder .. "/manifest.json"
  if not system.exists(path) then return nil end
  return system.decode(system.read(path), path).peak_bytes
end

--- Gives the cost of a step in a run folder, or nothing.
function cost.of(folder)
  local path = folder .. "/metrics.jsonl"
  if not system.exists(path) then return nil end
  local seconds = seconds_of(path)
  if #seconds == 0 then return nil end
  return { seconds = seconds[math.ceil(#seconds / 2)], steps = #seconds, memory_bytes = memory_of(folder), folder = folder }
end

return cost
