--- `lorarun replay RUN`: trains the run again from recipe, journal and seed, and says whether every step is equal.

local replay = require "lorarun.replay"
local run_folder = require "lorarun.run_folder"
local verbs = require "lorarun.verbs"

local verb = { usage = "replay RUN [--to STEP] [--keep DIR] [--band PART] [--runs DIR] [--json]", switches = { "json" },
  valued = { "to", "keep", "band", "runs" } }

local INTERRUPTED = 130

local function show(value)
  if value == nil then return "nothing" end
  if type(value) == "number" then return ("%.17g"):format(value) end
  return type(value) == "table" and lorarun.system.encode(value) or tostring(value)
end

local function tell(report)
  local how = report.band and ("within %g %% of the loss, on %s"):format(100 * report.band, report.device) or "to the bit"
  if report.decisions > 0 then print(("%d decisions made again as recorded"):format(report.decisions)) end
  if report.evaluations > 0 then print(("%d evaluations measured the same"):format(report.evaluations)) end
  if report.checkpoints > 0 then
    print(("%d of %d checkpoints equal to the bit"):format(report.equal_checkpoints, report.checkpoints))
  end
  if report.compared < report.steps and not report.first_difference then
    print(("%d steps have no recorded line to compare with"):format(report.steps - report.compared))
  end
  if report.written_lines > 0 then
    print(("%d lines were typed in a writing REPL; what they changed is in no record"):format(report.written_lines))
  end
  local first = report.first_difference
  if first then
    print(("first difference at step %d: %s was %s when it was recorded and is %s now"):format(first.step, first.key,
      show(first.recorded), show(first.replayed)))
  end
  print(("%d of %d steps equal %s"):format(report.equal, report.compared, how))
end

local function band_of(arguments)
  if not arguments.band then return nil end
  local band = tonumber(arguments.band)
  if band and band >= 0 then return band end
  lorarun.fail { what = "--band needs a part of the loss, not '" .. arguments.band .. "'", where = "the command line",
    fix = "for example --band 0.05" }
end

function verb.run(arguments)
  local folder = run_folder.find(arguments[1], arguments.runs)
  lorarun.system.catch_signals()
  local report = replay.run(folder,
    { to = verbs.whole_number(arguments, "to"), keep = arguments.keep, band = band_of(arguments) })
  if arguments.json then print(lorarun.system.encode(report)) else tell(report) end
  if report.exit_code and report.exit_code >= INTERRUPTED then return report.exit_code end
  return report.first_difference and 1 or 0
end

return verb
