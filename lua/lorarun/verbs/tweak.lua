--- `lorarun tweak RUN KEY=VALUE … [--from STEP] [--for STEPS]`: changes knobs of a running run from the next step on.

local live = require "lorarun.live"
local run_folder = require "lorarun.run_folder"
local verbs = require "lorarun.verbs"

local tweak = { usage = "tweak RUN KEY=VALUE … [--from STEP] [--for STEPS] [--runs DIR] [--json]", switches = { "json" },
  valued = { "from", "for", "runs" } }

function tweak.run(arguments)
  local folder = run_folder.find(arguments[1], arguments.runs)
  local wishes = {}
  for i = 2, #arguments do wishes[#wishes + 1] = live.wish(arguments[i]) end
  if #wishes == 0 then
    lorarun.fail { what = "nothing to change is named", where = "the command line", fix = "for example lr=3e-5" }
  end
  local answer = live.ask(folder, { op = "tweak", wishes = wishes, from = verbs.whole_number(arguments, "from"),
    for_steps = verbs.whole_number(arguments, "for") })
  if arguments.json then
    print(lorarun.system.encode { run = folder, step = answer.step, tweaks = answer.tweaks })
    return 0
  end
  for _, one in ipairs(answer.tweaks) do print("tweak " .. live.tweak_text(one)) end
  return 0
end

return tweak
