--- Verbs that ask a running run for one thing: pause, resume, stop, save, render.

local live = require "lorarun.live"
local run_folder = require "lorarun.run_folder"

local live_verb = {}

--- Makes the verb `name` that sends the request `op`; `say` gives what people read of the answer.
---@param name string
---@param op string
---@param say fun(answer: table, run: string): string
function live_verb.new(name, op, say)
  return { usage = name .. " RUN [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" }, run = function(arguments)
    local folder = run_folder.find(arguments[1], arguments.runs)
    local answer = live.ask(folder, { op = op })
    answer.id, answer.ok = nil, nil
    print(arguments.json and lorarun.system.encode(answer) or say(answer, folder:match("[^/]+$")))
    return 0
  end }
end

return live_verb
