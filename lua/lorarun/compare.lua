--- Two runs side by side.
--
--   metrics    paired by step: the same pictures under the same seed met the same noise, so that the difference
--              of two losses is what the runs did differently and not luck
--   events     what one run decided, was told or reloaded and the other was not
--   settings   as the recipes in force gave them
--   tensors    of the checkpoints that both have
--
-- A fork's own metrics begin after its fork; they are paired with its parent's by step.

local journal = require "lorarun.journal"
local player = require "lorarun.player"
local recipe = require "lorarun.recipe"
local replay = require "lorarun.replay"
local run_folder = require "lorarun.run_folder"
local tables = require "lorarun.tables"

local compare = {}

local system = lorarun.system

local BANDS = 4

local function flatten(value, path, into)
  if type(value) ~= "table" then
    into[path] = value
    return into
  end
  for key, item in pairs(value) do
    local part = type(key) == "number" and ("[" .. key .. "]") or (path == "" and tostring(key) or "." .. tostring(key))
    flatten(item, path .. part, into)
  end
  return into
end

local function settings_of(folder, opening)
  local done, opened = pcall(recipe.open, player.options(folder, opening))
  return done and flatten(opened.settings, "", {}) or nil
end

--- Reads what a run folder says.
---@param folder string
function compare.read(folder)
  local events, torn = journal.read(folder)
  local metrics, last, torn_metrics = journal.metrics(folder)
  journal.tell_torn(folder, torn + torn_metrics)
  local manifest = run_folder.manifest(folder)
  local whole = journal.history(journal.in_force(events))
  local opening = journal.opening(whole)
  return { folder = folder, name = manifest.name, seed = manifest.seed, metrics = metrics, last = last, events = whole,
    settings = opening and settings_of(folder, opening) or {} }
end

local function sorted(set)
  local keys = tables.sorted_keys(set)
  return keys
end

local function mean_of(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return sum / #list
end

local function band_of(line)
  local sigma = line.sigma and line.sigma[1] and mean_of(line.sigma) or 0
  return math.min(BANDS, math.floor(sigma * BANDS) + 1)
end

local function new_sum() return { count = 0, first = 0, second = 0 } end

local function add(sum, a, b)
  sum.count, sum.first, sum.second = sum.count + 1, sum.first + a, sum.second + b
end

local function means(sum)
  if sum.count == 0 then return nil end
  return { count = sum.count, first = sum.first / sum.count, second = sum.second / sum.count,
    difference = (sum.second - sum.first) / sum.count }
end

local function is_paired(a, b, one, other)
  return a.seed == b.seed and system.encode(one.items or {}) == system.encode(other.items or {})
end

--- Compares the losses of the steps that both have.
local function compare_losses(a, b)
  local all, bands, found = new_sum(), {}, { steps = 0, paired = 0, equal = 0 }
  for band = 1, BANDS do bands[band] = new_sum() end
  for _, step in ipairs(sorted(a.metrics)) do
    local one, other = a.metrics[step], b.metrics[step]
    if other then
      found.steps = found.steps + 1
      if is_paired(a, b, one, other) then found.paired = found.paired + 1 end
      add(all, one.loss or 0, other.loss or 0)
      add(bands[band_of(one)], one.loss or 0, other.loss or 0)
      local key = replay.difference(one, other) or replay.difference(other, one)
      if not key then found.equal = found.equal + 1 end
      found.first = found.first or (key and { step = step, key = key, first = one[key], second = other[key] })
    end
  end
  found.loss, found.bands = means(all), {}
  for band = 1, BANDS do
    local m = means(bands[band])
    if m then m.low, m.high, found.bands[#found.bands + 1] = (band - 1) / BANDS, band / BANDS, m end
  end
  return found
end

local CHANGES = { tweak = true, untweak = true, reload = true, decision = true, rollback = true, select = true }

local function mark(event)
  return system.encode { event.step, event.event, event.key or "", event.new == nil and "" or event.new, event.to or "" }
end

local function only_in(events, others)
  local known, found = {}, {}
  for _, event in ipairs(others) do known[mark(event)] = true end
  for _, event in ipairs(events) do
    if CHANGES[event.event] and not known[mark(event)] then found[#found + 1] = event end
  end
  return found
end

local function compare_settings(a, b)
  local keys, differences = {}, {}
  for key in pairs(a.settings or {}) do keys[key] = true end
  for key in pairs(b.settings or {}) do keys[key] = true end
  keys.name = nil
  for _, key in ipairs(sorted(keys)) do
    local first, second = a.settings[key], b.settings[key]
    if first ~= second then differences[#differences + 1] = { key = key, first = first, second = second } end
  end
  return differences
end

local function lora_path(run, step) return ("%s/checkpoints/%s-%06d.safetensors"):format(run.folder, run.name, step) end

--- Relative distance of all tensors together: 0 when they are equal to the bit, nothing when they do not match.
local function distance(first, second)
  local difference, size = 0, 0
  for name, tensor in pairs(first) do
    local other = second[name]
    if not other then return nil end
    local a, b = tensor:to("float32"), other:to("float32")
    difference = difference + (a - b):norm():item() ^ 2
    size = size + a:norm():item() ^ 2
  end
  for name in pairs(second) do
    if not first[name] then return nil end
  end
  return math.sqrt(difference / math.max(size, 1e-300))
end

local function compare_tensors(one, other)
  return lorarun.scope(function()
    local first, second = lorarun.tensor.load(one), lorarun.tensor.load(other)
    local good, found = pcall(distance, first, second)
    if good and found then return { relative = found, equal = found == 0 } end
    return { equal = false, what = "other modules or shapes" }
  end)
end

local function compare_checkpoints(a, b)
  local found, steps = {}, {}
  for _, step in ipairs(lorarun.checkpoint.steps(b.folder .. "/checkpoints", b.name)) do steps[step] = true end
  for _, step in ipairs(lorarun.checkpoint.steps(a.folder .. "/checkpoints", a.name)) do
    if steps[step] then
      local result = compare_tensors(lora_path(a, step), lora_path(b, step))
      result.step = step
      found[#found + 1] = result
    end
  end
  return found
end

--- Pairs what evaluations of the same step measured.
local function compare_evaluations(a, b)
  local first, second, found = journal.evaluations(a.events), journal.evaluations(b.events), {}
  for _, step in ipairs(sorted(first)) do
    for _, metric in ipairs(sorted(second[step] and first[step] or {})) do
      found[#found + 1] = { step = step, metric = metric, first = first[step][metric], second = second[step][metric] }
    end
  end
  return found
end

local function parent_of(run)
  for i = #run.events, 1, -1 do
    if run.events[i].event == "fork" then return run.events[i] end
  end
end

local function verdict(result)
  local first = result.losses.first
  local tensors
  for _, checkpoint in ipairs(result.checkpoints) do
    if not checkpoint.equal and not tensors then tensors = checkpoint.step end
  end
  if first and (not tensors or first.step <= tensors) then return "difference", first.step end
  if tensors then return "tensors", tensors end
  if result.losses.steps == 0 and #result.checkpoints == 0 then return "nothing" end
  return "equal"
end

--- Compares two runs that were read.
---@return table result   { first, second, fork, losses, only_first, only_second, settings, evaluations, checkpoints,
---   verdict, step }
function compare.pair(a, b)
  local result = { first = a.name, second = b.name, losses = compare_losses(a, b), only_first = only_in(a.events, b.events),
    only_second = only_in(b.events, a.events), settings = compare_settings(a, b), checkpoints = compare_checkpoints(a, b),
    evaluations = compare_evaluations(a, b) }
  local fork = parent_of(b)
  if fork and fork.parent == a.name then result.forked_at = fork.step end
  result.same_seed = a.seed == b.seed
  result.verdict, result.step = verdict(result)
  return result
end

--- Gives the newest step that all runs have pictures of, or nothing.
local function last_pictures(runs)
  local counts, newest = {}, nil
  for _, run in ipairs(runs) do
    for _, name in ipairs(system.list(run.folder .. "/samples")) do
      local step = tonumber(name:match("^(%d+)$"))
      if step then counts[step] = (counts[step] or 0) + 1 end
    end
  end
  for step, count in pairs(counts) do
    if count == #runs and (not newest or step > newest) then newest = step end
  end
  return newest
end

local function names_of(run, step) return system.list(("%s/samples/%06d"):format(run.folder, step)) end

--- Draws the newest pictures that all runs have: a row a prompt, a column a run. Gives their step, or nothing.
---@param runs table[]   of compare.read
---@param path string    of the PNG
function compare.sheet(runs, path)
  local step = last_pictures(runs)
  if not step then return nil end
  lorarun.scope(function()
    local pictures, labels = {}, {}
    for _, run in ipairs(runs) do labels[#labels + 1] = run.name end
    for _, name in ipairs(names_of(runs[1], step)) do
      for _, run in ipairs(runs) do
        local file = ("%s/samples/%06d/%s"):format(run.folder, step, name)
        if not system.exists(file) then return end
        pictures[#pictures + 1] = lorarun.image.load(file)
      end
    end
    lorarun.image.save(path, lorarun.image.sheet(pictures, #runs, { title = "step " .. step, column_labels = labels }))
  end)
  return step
end

return compare
