--- What a run folder says of its run, as plain data: the same after an hour or a year, and of a run that failed.
--
-- Everything but name, folder and status may be absent: a run that was killed early has no losses, a folder whose recipe
-- no longer opens has no settings.

local file_size = require "lorarun.report.file_size"
local changes = require "lorarun.report.changes"
local journal = require "lorarun.journal"
local run_folder = require "lorarun.run_folder"
local tables = require "lorarun.tables"
local words = require "lorarun.report.words"

local facts = {}

--- Points { step, value } of what `pick` gives of each line.
local function points_of(metrics, pick)
  local points = {}
  for _, step in ipairs(tables.sorted_keys(metrics)) do
    local value = pick(metrics[step])
    if type(value) == "number" then points[#points + 1] = { step, value } end
  end
  return points
end

--- Curves of the learning rates, the denoiser's first: { { name, points }, … }.
local function rates_of(metrics)
  local names, curves = {}, {}
  for _, line in pairs(metrics) do
    for name in pairs(line.lr or {}) do names[name] = true end
  end
  for _, name in ipairs(tables.sorted_keys(names)) do
    local curve = { name = name, points = points_of(metrics, function(line) return line.lr and line.lr[name] end) }
    table.insert(curves, name == "transformer" and 1 or #curves + 1, curve)
  end
  return curves
end

local function seconds_of(metrics)
  local sum = 0
  for _, line in pairs(metrics) do sum = sum + (line.seconds or 0) end
  return sum
end

--- Gives { names, steps = { { step, values } }, best = {[name] = { step, value }} }, or nothing; one measurement is no best.
local function evaluations_of(events)
  local by_step, found = journal.evaluations(events), { steps = {}, best = {} }
  local is_better, names = require("lorarun.metrics").improves, {}
  for i, step in ipairs(tables.sorted_keys(by_step)) do
    found.steps[i] = { step = step, values = by_step[step] }
    for name, value in pairs(by_step[step]) do
      names[name] = true
      local known, better = pcall(function() return not found.best[name] or is_better(name, value, found.best[name].value, 0) end)
      if known and better then found.best[name] = { step = step, value = value } end
    end
  end
  found.names = tables.sorted_keys(names)
  if #found.steps < 2 then found.best = {} end
  return #found.steps > 0 and found or nil
end

local function file_of(path)
  local bytes = file_size(path)
  return bytes and { path = path, bytes = bytes } or nil
end

--- The newest checkpoint, the one in the middle, and the best.
local function take_checkpoints(found)
  local folder = found.folder .. "/checkpoints"
  local steps = lorarun.checkpoint.steps(folder, found.name)
  local last = steps[#steps]
  if not last then return end
  found.lora = file_of(("%s/%s-%06d.safetensors"):format(folder, found.name, last))
  found.lora_step, found.fork_at = last, steps[math.ceil(#steps / 2)]
  found.best_lora = file_size(folder .. "/best.safetensors") and folder .. "/best.safetensors" or nil
end

--- Names of the pictures that were trained on, in their order.
local function pictures_of(metrics)
  local seen = {}
  for _, line in pairs(metrics) do
    for _, name in ipairs(type(line.items) == "table" and line.items or {}) do seen[tostring(name)] = true end
  end
  return tables.sorted_keys(seen)
end

--- The recipe's text, and its settings where it still opens.
local function take_recipe(found, opening, known)
  known = known or {}
  found.text, found.settings = known.text, known.settings
  if not opening then return end
  found.recipe_path, found.recipe_hash = opening.path, opening.recipe
  local read, text = pcall(journal.recipe_text, found.folder, opening.recipe)
  found.text = found.text or (read and text) or nil
  if found.settings or not read then return end
  local opened, recipe = pcall(function()
    return require("lorarun.recipe").open(require("lorarun.player").options(found.folder, opening))
  end)
  found.settings = opened and recipe.settings or nil
end

local function last_of(events, kind)
  local list = journal.of_kind(events, kind)
  return list[#list]
end

--- The metrics up to the step where the run stands, and that step; later lines were given up by going back.
local function metrics_of(folder, manifest)
  local metrics, last = journal.metrics(folder)
  local step = manifest.status ~= "running" and manifest.step or last
  for one in pairs(metrics) do
    if one > step then metrics[one] = nil end
  end
  return metrics, step
end

--- Reads a run folder.
---@param folder string
---@param known? { settings: table, text: string }   what its own process knows already
---@return table
function facts.of(folder, known)
  local manifest, events = run_folder.manifest(folder), journal.in_force((journal.read(folder)))
  local metrics, step = metrics_of(folder, manifest)
  local whole = journal.history(events)
  local start, stop = whole[1] or {}, last_of(events, "stop") or {}
  local found = { folder = folder, name = manifest.name, status = manifest.status, step = step,
    steps = manifest.steps, seed = manifest.seed, device = manifest.device, card = manifest.card, model = manifest.model,
    machine = manifest.machine or {},
    peak_bytes = manifest.peak_bytes, written = manifest.written, began = start.time, parameters = start.parameters,
    why = manifest.status ~= "complete" and stop.what or nil, changes = changes.of(events) }
  found.word = words.run_word(folder, found.name)
  found.loss, found.rates = points_of(metrics, function(line) return line.loss end), rates_of(metrics)
  found.seconds, found.pictures = seconds_of(metrics), pictures_of(metrics)
  found.evaluations = evaluations_of(whole)
  take_recipe(found, journal.opening(whole), known)
  take_checkpoints(found)
  return found
end

return facts
