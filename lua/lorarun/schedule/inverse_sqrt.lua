--- Decay with the inverse square root of the steps.
--
--   factor = sqrt(timescale / (timescale + progress))
--
-- Never reaches 0, so a run can go on.  The law of Vaswani et al. (arXiv:1706.03762) with a time scale of its own, as
-- get_inverse_sqrt_schedule of transformers has it.

local inverse_sqrt = {
  options = {
    timescale = { type = "number", min = 1e-6, unit = "fraction", default = 0.1,
      doc = "part of the span after which the rate has fallen to 1 / sqrt(2)" },
  },
}

--- Builds the schedule.
---@param opts { timescale: number }
---@return fun(progress: number): number    factor of the recipe's lr
function inverse_sqrt.new(opts)
  return function(progress) return math.sqrt(opts.timescale / (opts.timescale + progress)) end
end

return inverse_sqrt
