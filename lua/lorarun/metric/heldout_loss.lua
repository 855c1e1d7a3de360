--- Mean loss on pictures that are never trained on, from noise that is always the same.
--
--   picture x sigma x repeat  ->  one noise for ever   ->  loss   ->  mean
--
-- No dropout, no weights, nothing random that moves: two values differ only because the weights do. The level
-- says little, because each sigma has its own; `ratio` is the mean over the sigmas of the loss now over the loss
-- before training, and can be compared between runs.

local heldout_loss = { better = "lower", unit = "loss", needs = "held-out pictures" }

--- Measures each picture at each sigma; one list of means by sigma.
local function measure(run, options)
  local by_sigma = {}
  for repetition = 1, options.repeats do
    local measured = run.trainer:loss(run.heldout.batch, { sigmas = options.sigmas, seed = options.seed + repetition - 1,
      guidance = options.guidance or run.settings.guidance })
    for i, loss in ipairs(measured.by_sigma) do by_sigma[i] = (by_sigma[i] or 0) + loss / options.repeats end
  end
  return by_sigma
end

local function mean(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return sum / #list
end

local function ratio(now, before)
  local ratios = {}
  for i, loss in ipairs(now) do ratios[i] = before[i] > 0 and loss / before[i] or 1 end
  return mean(ratios)
end

--- Measures the run as it stands.
---@param run table
---@param options table   settings.evaluate
---@param first table?    the details of the run's first evaluation
---@return number value
---@return table details   { by_sigma, ratio }
function heldout_loss.measure(run, options, first)
  local by_sigma = measure(run, options)
  return mean(by_sigma), { by_sigma = by_sigma, ratio = first and ratio(by_sigma, first.by_sigma) or 1 }
end

return heldout_loss
