--- `lorarun compare RUN RUN…`: losses on the same pictures and noise, decisions, settings, tensors and pictures of runs.

local compare = require "lorarun.compare"
local compare_page = require "lorarun.compare_page"
local compare_words = require "lorarun.compare_words"
local run_folder = require "lorarun.run_folder"

local verb = { usage = "compare RUN RUN… [--out SHEET.png] [--html FILE] [--runs DIR] [--json]", switches = { "json" },
  valued = { "out", "html", "runs" } }

local function show(value)
  if value == nil then return "nothing" end
  if type(value) == "number" then return ("%.9g"):format(value) end
  return type(value) == "table" and lorarun.system.encode(value) or tostring(value)
end

local function say(pattern, ...) print((pattern):format(...)) end

local function tell_losses(losses, same_seed)
  if losses.steps == 0 then return say("  losses       no step that both have") end
  local pairing = losses.paired == losses.steps and "the same pictures and noise"
    or (same_seed and ("%d of them on the same pictures"):format(losses.paired) or "other seeds: other noise")
  say("  losses       %d steps that both have, %s", losses.steps, pairing)
  local function row(name, m)
    say("    %s %6d steps  %.6g -> %.6g  (%+.3g)", name, m.count, m.first, m.second, m.difference)
  end
  row("mean           ", losses.loss)
  for _, band in ipairs(losses.bands) do row(("sigma %.2f–%.2f"):format(band.low, band.high), band) end
end

--- "steps 30–60" in as many columns as "step 30": a dash is three bytes and one column.
local function column(text) return text .. (" "):rep(12 - #text:gsub("–", "-")) end

local function tell_rows(rows, lead)
  for _, row in ipairs(rows) do say("  %s%s %s", lead, column(row.at), row.text) end
end

local function tell_measured(rows)
  for _, row in ipairs(rows) do say("  %s %s %s -> %s", column(row.at), row.metric, show(row.first), show(row.second)) end
end

local function last_line(result)
  local losses = result.losses
  if result.verdict == "equal" then
    return losses.steps > 0 and ("equal to the bit on %d steps and %d checkpoints"):format(losses.steps, #result.checkpoints)
      or ("equal to the bit on %d checkpoints"):format(#result.checkpoints)
  elseif result.verdict == "difference" then
    local first = losses.first
    return ("first difference at step %d: %s %s -> %s"):format(first.step, first.key, show(first.first), show(first.second))
  elseif result.verdict == "tensors" then
    return ("first difference at step %d: tensors of the checkpoint"):format(result.step)
  end
  return "no step and no checkpoint that both have"
end

local function tell(result)
  say("%s -> %s%s", result.first, result.second,
    result.forked_at and (" (forked at step %d)"):format(result.forked_at) or "")
  tell_losses(result.losses, result.same_seed)
  for _, setting in ipairs(result.settings) do
    say("  setting      %s: %s -> %s", setting.key, show(setting.first), show(setting.second))
  end
  tell_rows(compare_words.events(result.only_first), "only in " .. result.first .. ": ")
  tell_rows(compare_words.events(result.only_second), "only in " .. result.second .. ": ")
  tell_measured(compare_words.evaluations(result.evaluations))
  tell_rows(compare_words.checkpoints(result.checkpoints), "")
end

local function read_runs(arguments)
  local runs = {}
  for i, word in ipairs(arguments) do runs[i] = compare.read(run_folder.find(word, arguments.runs)) end
  if #runs >= 2 then return runs end
  lorarun.fail { what = "compare needs two runs or more", where = "the command line", fix = "usage: lorarun " .. verb.usage }
end

function verb.run(arguments)
  local runs, results = read_runs(arguments), {}
  for i = 2, #runs do results[#results + 1] = compare.pair(runs[1], runs[i]) end
  local sheet = arguments.out or arguments.html and (arguments.html:gsub("%.html?$", "") .. ".png")
  local drawn = sheet and compare.sheet(runs, sheet) or nil
  if arguments.html then compare_page.write(arguments.html, runs, results, drawn and sheet) end
  if arguments.json then
    print(lorarun.system.encode { results = results, sheet = drawn and sheet or nil })
    return 0
  end
  for _, result in ipairs(results) do tell(result) end
  if drawn then say("pictures of step %d: %s", drawn, sheet) end
  if sheet and not drawn then say("the runs have no pictures of one step: no sheet") end
  for _, result in ipairs(results) do
    print((#results > 1 and result.second .. ": " or "") .. last_line(result))
  end
  return 0
end

return verb
