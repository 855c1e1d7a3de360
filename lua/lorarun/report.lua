--- runs/NAME/report.html: what a run did, for the person who started it.
--
--   run folder --facts--> plain data --page--> one file, pictures inside
--
-- It is written at the end of every training, and again by `lorarun report RUN`.

local report = {}

local FILE = "report.html"

--- Gives what a run folder says of its run.
---@param folder string
---@param known? { settings: table, text: string }   what its own process knows already
function report.facts(folder, known) return require("lorarun.report.facts").of(folder, known) end

--- Writes the report of a run, and its sheet of pictures before and after; gives their paths.
---@param facts table   of report.facts
---@return string report
---@return string? sheet
function report.write_of(facts)
  local sheet = require("lorarun.report.before_after").draw(facts.folder, facts.name, facts.step)
  local path = facts.folder .. "/" .. FILE
  lorarun.system.write(path, require("lorarun.report.page").of(facts))
  return path, sheet
end

--- Writes the report of a run folder; gives the paths of report and sheet.
function report.write(folder) return report.write_of(report.facts(folder)) end

return report
