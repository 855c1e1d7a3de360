--- `lorarun untweak RUN NUMBER`: takes a tweak back from the next step on.

local live = require "lorarun.live"
local run_folder = require "lorarun.run_folder"

local untweak = { usage = "untweak RUN NUMBER [--runs DIR] [--json]", switches = { "json" }, valued = { "runs" } }

function untweak.run(arguments)
  local folder, number = run_folder.find(arguments[1], arguments.runs), tonumber(arguments[2])
  if not number then
    lorarun.fail { what = "untweak needs the number of a tweak", where = "the command line",
      fix = "`lorarun tweaks " .. arguments[1] .. "` lists them" }
  end
  local answer = live.ask(folder, { op = "untweak", tweak = number })
  print(arguments.json and lorarun.system.encode { step = answer.step, tweak = answer.tweak }
    or "taken back: " .. live.tweak_text(answer.tweak))
  return 0
end

return untweak
