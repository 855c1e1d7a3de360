--- The last lines of a training: what it did, and where to look.
--
--   complete    1,000 steps, 1 min 32 s of training (0.0921 s a step)
--   loss        0.4312 -> 0.2874 (first and last tenth)
--   measured    best heldout_loss 0.2911, at step 750
--   file        runs/quickstart/checkpoints/quickstart-001000.safetensors, 1.7 MB
--   pictures    runs/quickstart/samples/before_after.png
--   report      runs/quickstart/report.html
--
-- The report's path is a link where the terminal knows links (OSC 8).

local summary = {}

local system = lorarun.system

local function address(path)
  return "file://" .. system.absolute(path):gsub("[^%w/._~-]", function(c) return ("%%%02X"):format(c:byte()) end)
end

--- Gives a path as a link, on a terminal.
---@param path string
---@param on_terminal boolean
function summary.link(path, on_terminal)
  if not on_terminal then return path end
  return ("\27]8;;%s\27\\%s\27]8;;\27\\"):format(address(path), path)
end

local function add(lines, label, text) lines[#lines + 1] = ("%-11s %s"):format(label, text) end

local function add_steps(lines, facts, words)
  local steps = words.grouped(facts.step)
  if facts.steps and facts.step < facts.steps then steps = steps .. " of " .. words.grouped(facts.steps) end
  local time = #facts.loss > 0 and (", %s of training (%.3g s a step)"):format(words.duration(facts.seconds),
    facts.seconds / #facts.loss) or ""
  add(lines, facts.status, steps .. " steps" .. time)
end

local function add_values(lines, facts)
  local first, last = require("lorarun.report.curves").tenths(facts.loss)
  if first then add(lines, "loss", ("%.4g -> %.4g (first and last tenth)"):format(first, last)) end
  for _, name in ipairs(facts.evaluations and facts.evaluations.names or {}) do
    local best = facts.evaluations.best[name]
    if best then add(lines, "measured", ("best %s %.4g, at step %d"):format(name, best.value, best.step)) end
  end
end

local function file_line(facts, words)
  local best = facts.best_lora and "; the best one: best.safetensors" or ""
  return ("%s, %s%s"):format(words.near(facts.lora.path), words.bytes_text(facts.lora.bytes), best)
end

--- Gives the lines.
---@param facts table   of report.facts
---@param paths { report: string?, sheet: string? }
---@param on_terminal boolean
---@return string[]
function summary.lines(facts, paths, on_terminal)
  local words, lines = require "lorarun.report.words", {}
  add_steps(lines, facts, words)
  if facts.why then add(lines, "because", (facts.why:gsub("[%s%c]+", " "))) end
  add_values(lines, facts)
  if facts.lora then add(lines, "file", file_line(facts, words)) end
  if paths.sheet then add(lines, "pictures", words.near(paths.sheet)) end
  if paths.report then add(lines, "report", summary.link(words.near(paths.report), on_terminal)) end
  return lines
end

local function write(run)
  local report = require "lorarun.report"
  local facts = report.facts(run.folder, { settings = run.settings, text = run.recipe.text })
  local path, sheet = report.write_of(facts)
  return path, summary.lines(facts, { report = path, sheet = sheet }, system.terminal() ~= nil)
end

--- Writes report and sheet of a run that has ended, and says the lines. What goes wrong here is said and fails no run.
---@param run table
---@return string? report   its path
function summary.tell(run)
  local good, path, lines = pcall(write, run)
  if not good then
    system.log("no report was written: " .. tostring(path), "warn")
    run.progress:say(("%s at step %d of %d: %s"):format(run.status, run.step, run.steps, run.folder))
    return nil
  end
  run.progress:say(table.concat(lines, "\n"))
  return path
end

return summary
