--- `lorarun report RUN`: writes the page about a run again, and says where it is.

local report = require "lorarun.report"
local run_folder = require "lorarun.run_folder"

local verb = { usage = "report RUN [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" } }

function verb.run(arguments)
  local path, sheet = report.write(run_folder.find(arguments[1], arguments.runs))
  print(arguments.json and lorarun.system.encode { report = path, sheet = sheet } or path)
  return 0
end

return verb
