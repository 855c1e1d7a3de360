--- What a run writes down while it goes: journal.jsonl, metrics.jsonl, TensorBoard.

local records = {}
records.__index = records

--- Opens the files of a run folder at `step`; lines of later steps, which a kill left
--- behind, are cut off.
function records.open(folder, step, attempt)
  return setmetatable({ files = lorarun.run_files.open(folder, step, attempt or 1) }, records)
end

--- One line of the journal.
function records:event(step, event, fields)
  local line = { event = event, step = step, origin = "recipe" }
  for key, value in pairs(fields or {}) do line[key] = value end
  self.files:journal(line)
end

--- One line of the metrics, and the curves of TensorBoard.
function records:step(run, batch, stats)
  local width, height = batch:bucket()
  self.files:metrics({
    step = run.step, epoch = batch:epoch(), loss = stats.loss, grad_norm = stats.grad_norm, lr = stats.lr,
    sigma = stats.sigma, items = batch:items(), bucket = { width, height }, seconds = stats.step_s,
    images_per_second = stats.images_per_second,
  })
end

--- A sheet of pictures for TensorBoard.
function records:picture(step, name, picture) self.files:picture(step, name, picture) end

--- A number for TensorBoard.
function records:scalar(step, name, value) self.files:scalar(step, name, value) end

function records:flush() self.files:flush() end

function records:close()
  self.files:flush()
  self.files:free()
end

return records
