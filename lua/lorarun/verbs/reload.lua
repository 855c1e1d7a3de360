--- `lorarun reload RUN [FILE]`: takes the saved recipe, or another file's text, into force at the next step.

local live = require "lorarun.live"
local run_folder = require "lorarun.run_folder"

local system = lorarun.system

return {
  usage = "reload RUN [FILE] [--runs DIR] [--json]",
  switches = { "json" },
  valued = { "runs" },
  run = function(arguments)
    local folder = run_folder.find(arguments[1], arguments.runs)
    local text = arguments[2] and system.read(arguments[2]) or nil
    local answer = live.ask(folder, { op = "reload", text = text })
    answer.id, answer.ok = nil, nil
    print(arguments.json and system.encode(answer) or ("in force from step %d: %s"):format(answer.step + 1, answer.text))
    return 0
  end,
}
