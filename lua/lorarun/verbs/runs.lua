--- `lorarun runs [--json]`: all runs of ./runs and all that are running: status, step, loss, since when.

local run_status = require "lorarun.run_status"

local runs = { usage = "runs [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" } }

function runs.run(arguments)
  local all = run_status.all(arguments.runs or "runs")
  if arguments.json then
    print(lorarun.system.encode { runs = all })
  elseif #all == 0 then
    print("there are no runs in " .. lorarun.system.absolute(arguments.runs or "runs"))
  else
    print(table.concat(run_status.table(all), "\n"))
  end
  return 0
end

return runs
