--- `lorarun tweaks RUN [--json]`: lists the tweaks of a running run.

local live = require "lorarun.live"
local run_folder = require "lorarun.run_folder"

local tweaks = { usage = "tweaks RUN [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" } }

function tweaks.run(arguments)
  local answer = live.ask(run_folder.find(arguments[1], arguments.runs), { op = "tweaks" })
  if arguments.json then
    print(lorarun.system.encode { step = answer.step, tweaks = answer.tweaks })
    return 0
  end
  for _, one in ipairs(answer.tweaks) do
    local is_over = one.to and one.to <= answer.step
    print(live.tweak_text(one) .. (is_over and "  (over)" or one.from > answer.step + 1 and "  (to come)" or ""))
  end
  if #answer.tweaks == 0 then print("there are no tweaks") end
  return 0
end

return tweaks
