--- Warm-up, a long constant part, a short decay (WSD).
--
--   progress  0 ... warmup ................. 1 - decay ....... 1
--   factor    0 ->  1                        1       ->      floor
--
-- A run can be continued from its constant part.  Hu et al., MiniCPM (arXiv:2404.06395); the shape "sqrt" is the
-- 1 - sqrt of Haegele et al. (arXiv:2405.18392).

local SHAPES = {
  linear = function(left) return left end,
  cosine = function(left) return 0.5 * (1 - math.cos(math.pi * left)) end,
  sqrt = function(left) return 1 - math.sqrt(1 - left) end,
}

local warmup_stable_decay = {
  warms_up = true,
  options = {
    warmup = { type = "number", min = 0, max = 1, unit = "fraction", default = 0.05,
      doc = "part of the span in which the rate rises from 0" },
    decay = { type = "number", min = 0, max = 1, unit = "fraction", default = 0.2, doc = "part of the span in which it falls" },
    shape = { type = "text", values = { "linear", "cosine", "sqrt" }, default = "linear", doc = "how it falls" },
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left at the end" },
  },
}

--- Builds the schedule.
---@param opts { warmup: number, decay: number, shape: string, floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function warmup_stable_decay.new(opts)
  local fall = SHAPES[opts.shape]
  return function(progress)
    if progress < opts.warmup then return progress / opts.warmup end
    local left = math.max(0, 1 - progress)
    if left > opts.decay - 1e-12 then return 1 end
    return opts.floor + (1 - opts.floor) * fall(left / opts.decay)
  end
end

return warmup_stable_decay
