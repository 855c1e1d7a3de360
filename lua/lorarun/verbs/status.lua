--- `lorarun status [RUN] [--json]`: how a run stands: step, loss, speed; also while a step works.

local run_folder = require "lorarun.run_folder"
local run_status = require "lorarun.run_status"

local status = { usage = "status [RUN] [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" } }

local function is_live(one) return one.status == "running" or one.status == "paused" end

local function print_all(runs)
  local lines = {}
  for _, one in ipairs(run_status.all(runs)) do
    if is_live(one) then lines[#lines + 1] = table.concat(run_status.lines(one), "\n") end
  end
  print(#lines > 0 and table.concat(lines, "\n") or "no run is running; `lorarun runs` lists all")
end

function status.run(arguments)
  if not arguments[1] and not arguments.json then
    print_all(arguments.runs or "runs")
    return 0
  end
  if not arguments[1] then
    local living = {}
    for _, one in ipairs(run_status.all(arguments.runs or "runs")) do
      if is_live(one) then living[#living + 1] = one end
    end
    print(lorarun.system.encode { runs = living })
    return 0
  end
  local one = run_status.of(run_folder.find(arguments[1], arguments.runs))
  print(arguments.json and lorarun.system.encode(one) or table.concat(run_status.lines(one), "\n"))
  return 0
end

return status
