--- What the steps so far say about a run: plain data, saved with it, a constant amount of work a step.
--
--   loss ─┬─ mean        moving average, 5 % of each new loss
--         ├─ window      the last 100 losses: slope (least squares, per 100 steps) and variance
--         └─ bands       four bands of sigma: 0–0.25 … 0.75–1, of each sample's own loss
--
-- Invariant: run.statistics is numbers and lists only and depends on nothing but the steps, so a run that was
-- resumed has the same statistics, to the bit, as one that never stopped.

local tables = require "lorarun.tables"

local run_stats = {}

local BANDS, WINDOW = 4, 100
local NEW_PART, NEW_PART_OF_BAND = 0.05, 0.1

--- Gives the statistics of a run before its first step.
function run_stats.new()
  local bands = {}
  for i = 1, BANDS do bands[i] = { low = (i - 1) / BANDS, high = i / BANDS, count = 0 } end
  return { steps = 0, images = 0, window = {}, bands = bands, grad_norms = {} }
end

local function moved(mean, value, part)
  return mean and (1 - part) * mean + part * value or value
end

--- Moving average and variance of one band (West's recurrence with a constant gain).
local function remember_in_band(band, loss)
  local distance = loss - (band.mean or loss)
  band.mean = (band.mean or loss) + NEW_PART_OF_BAND * distance
  band.variance = (1 - NEW_PART_OF_BAND) * ((band.variance or 0) + NEW_PART_OF_BAND * distance * distance)
  band.count = band.count + 1
end

local function remember_bands(statistics, stats)
  for i, sigma in ipairs(stats.sigma or {}) do
    local loss = (stats.losses or {})[i]
    local band = statistics.bands[math.max(1, math.min(BANDS, math.floor(sigma * BANDS) + 1))]
    if loss then remember_in_band(band, loss) end
  end
end

--- The window in the order of time: the ring's oldest loss stands after its newest.
local function each_in_window(statistics, visit)
  local window, count = statistics.window, #statistics.window
  local oldest = count < WINDOW and 0 or statistics.steps % WINDOW
  for i = 0, count - 1 do visit(i, window[(oldest + i) % count + 1]) end
end

--- Slope per 100 steps and variance of the window.
local function line_through(statistics)
  local count, sum = #statistics.window, 0
  each_in_window(statistics, function(_, loss) sum = sum + loss end)
  local mean, middle = sum / count, (count - 1) / 2
  local together, spread, square = 0, 0, 0
  each_in_window(statistics, function(i, loss)
    together = together + (i - middle) * (loss - mean)
    spread = spread + (i - middle) ^ 2
    square = square + (loss - mean) ^ 2
  end)
  return count > 1 and 100 * together / spread or 0, square / count
end

--- Takes the stats of one step in.
---@param statistics table   of run_stats.new
---@param stats lorarun.Stats
function run_stats.remember(statistics, stats)
  statistics.window[statistics.steps % WINDOW + 1] = stats.loss
  statistics.steps = statistics.steps + 1
  statistics.images = statistics.images + #(stats.sigma or {})
  statistics.loss, statistics.grad_norm = stats.loss, stats.grad_norm
  statistics.mean_loss = moved(statistics.mean_loss, stats.loss, NEW_PART)
  statistics.grad_norms = stats.grad_norms or {}
  statistics.loss_slope, statistics.loss_variance = line_through(statistics)
  remember_bands(statistics, stats)
end

--- Gives what hooks and policies may read, as a table of its own.
---@param run table   with statistics and evaluation, either may be absent
function run_stats.snapshot(run)
  local s = run.statistics or run_stats.new()
  return {
    loss = s.loss, mean_loss = s.mean_loss, loss_slope = s.loss_slope, loss_variance = s.loss_variance,
    grad_norm = s.grad_norm, grad_norms = tables.copy(s.grad_norms), bands = tables.copy(s.bands), images = s.images,
    evaluation = tables.copy(run.evaluation),
  }
end

return run_stats
