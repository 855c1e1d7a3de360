--- Evaluation while training: what a run is worth, measured the same way each time.
--
--   held-out pictures --metric/NAME.lua--> value --> run.evaluation, journal, TensorBoard
--
-- lua/lorarun/metric/NAME.lua is the metric NAME (docs/add_a_metric.md). run.evaluation is plain data, saved with
-- the run, and what policies look at:
--
--   { step = 100, heldout_loss = 0.31, best = { heldout_loss = { step = 50, value = 0.3 } },
--     details = { heldout_loss = { by_sigma = …, ratio = 0.97 } }, first = details of the first one,
--     history = the last 20: { { step = 50, heldout_loss = 0.3 }, … } }
--
-- Invariant: an evaluation changes nothing that training sees; it draws no random number of the run.

local encoding = require "lorarun.encoding"

local metrics = {}

local HISTORY = 20
local CUT_AS_TRAINING = { "caption", "trigger", "class", "resolution", "min_size", "max_size", "size_step",
  "no_upscale", "background" }

local function folder() return lorarun.system.share() .. "/lua/lorarun/metric" end

--- Gives the names of all metrics: the files of the folder.
function metrics.names()
  local names = {}
  for _, file in ipairs(lorarun.system.list(folder())) do names[#names + 1] = file:match("^([%w_]+)%.lua$") end
  return names
end

--- Gives the module of a metric.
function metrics.metric(name) return require("lorarun.metric." .. name) end

--- True when `value` is better than `best` by more than `min_delta`.
function metrics.improves(name, value, best, min_delta)
  if metrics.metric(name).better == "lower" then return value < best - min_delta end
  return value > best + min_delta
end

local function is_in(list, name)
  for _, one in ipairs(list) do
    if one == name then return true end
  end
  return false
end

local function check_names(e, place)
  local known = metrics.names()
  for _, name in ipairs(e.metrics or {}) do
    if not is_in(known, name) then
      local close = lorarun.system.nearest(tostring(name), known)
      lorarun.fail { what = "no metric named '" .. tostring(name) .. "'", where = place .. ", evaluate.metrics",
        fix = (close and "did you mean '" .. close .. "'?  " or "") .. "metrics: " .. table.concat(known, ", ") }
    end
  end
end

--- A policy that waits for a metric which nothing measures would never act.
local function check_policies(settings, place)
  local measured = settings.evaluate and settings.evaluate.metrics or {}
  for i, policy in ipairs(settings.policies or {}) do
    if policy.metric and not policy.plateau and not is_in(measured, policy.metric) then
      lorarun.fail { what = policy.kind .. " looks at " .. policy.metric .. ", which is not measured",
        where = place .. ", policies[" .. i .. "]", fix = "add evaluate = { every = 50, holdout = 2 }" }
    end
  end
end

--- Raises an error when the settings ask for an evaluation that cannot be made.
function metrics.check(settings, place)
  local e = settings.evaluate
  check_policies(settings, place)
  if not e then return end
  check_names(e, place)
  if (e.holdout ~= nil) == (e.dir ~= nil) then
    lorarun.fail { what = "evaluate has " .. (e.dir and "both holdout and dir" or "neither holdout nor dir"),
      where = place .. ", evaluate", fix = 'give one: holdout = 2 takes pictures out of training, dir = "holdout" has its own' }
  end
  for i, sigma in ipairs(e.sigmas) do
    if type(sigma) ~= "number" or not (sigma >= 0 and sigma <= 1) then
      lorarun.fail { what = "evaluate.sigmas[" .. i .. "] is " .. tostring(sigma), where = place .. ", evaluate",
        fix = "give numbers from 0 to 1: { 0.1, 0.3, 0.5, 0.7, 0.9 }" }
    end
  end
end

--- The data set of a folder of held-out pictures: cut as the first training set is.
local function open_folder(run, dir)
  local set, first = { kind = "images", dir = dir }, run.settings.data[1]
  for _, key in ipairs(CUT_AS_TRAINING) do set[key] = first[key] end
  return lorarun.data.open({ set }, run.model:size_multiple(), run.cache_folder .. "/index.json")
end

--- Takes the held-out pictures out of the training data, or opens their folder. Call it when the training
--- pictures are encoded and before the loader is opened.
function metrics.hold_out(run)
  local e = run.settings.evaluate
  if not e then return end
  local dataset = e.holdout and run.dataset:hold_out(e.holdout, run.settings.seed) or open_folder(run, e.dir)
  if e.dir and not run.takes_pixels then encoding.all(run, dataset) end
  local indices = {}
  for i = 1, dataset:size() do indices[i] = i end
  local loader = lorarun.data.loader(dataset, run.cache, { batch = 1, seed = run.settings.seed, pixels = run.takes_pixels })
  run.heldout = { dataset = dataset, loader = loader, indices = indices }
end

local function measure_all(run, e, first)
  local values, details = {}, {}
  run.heldout.batch = run.heldout.loader:fixed(run.heldout.indices)
  for _, name in ipairs(e.metrics) do
    values[name], details[name] = metrics.metric(name).measure(run, e, first and first[name])
  end
  run.heldout.batch:free()
  run.heldout.batch = nil
  return values, details
end

--- Measures with the averaged weights where there are any and the recipe wants them.
local function measure_averaged(run, e, first)
  if e.ema then run.trainer:swap_ema() end
  local done, values, details = pcall(measure_all, run, e, first)
  if e.ema then run.trainer:swap_ema() end
  if not done then error(values, 0) end
  return values, details
end

--- Gives the evaluation that follows `before` when `values` were measured at `step`; a function of plain data.
function metrics.follow(before, step, values, details)
  local now = { step = step, details = details, first = before and before.first or details, best = {}, history = {} }
  for name, value in pairs(values) do
    local best = before and before.best[name]
    now[name] = value
    now.best[name] = (not best or metrics.improves(name, value, best.value, 0)) and { step = step, value = value } or best
  end
  local line = { step = step }
  for name, value in pairs(values) do line[name] = value end
  local history = before and before.history or {}
  for i = math.max(1, #history - HISTORY + 2), #history do now.history[#now.history + 1] = history[i] end
  now.history[#now.history + 1] = line
  return now
end

local function write_down(run, step, values, details, seconds)
  local fields = { pictures = #run.heldout.indices, seconds = seconds, details = details }
  for name, value in pairs(values) do
    fields[name] = value
    run.records:scalar(step, "evaluate/" .. name, value)
  end
  run.records:event(step, "evaluate", fields)
end

--- Evaluates the run as it stands and writes the result down.
function metrics.evaluate(run, step)
  local e, began = run.settings.evaluate, lorarun.system.seconds()
  local values, details = measure_averaged(run, e, run.evaluation and run.evaluation.first)
  run.evaluation = metrics.follow(run.evaluation, step, values, details)
  write_down(run, step, values, details, lorarun.system.seconds() - began)
  local texts = {}
  for _, name in ipairs(e.metrics) do texts[#texts + 1] = ("%s %.6g"):format(name, values[name]) end
  run.progress:say(("step %d: %s"):format(step, table.concat(texts, "  ")))
end

return metrics
