--- A constant rate after a linear warm-up.
--
--   progress  0 .... warmup ........ 1
--   factor    0 ->   1              1

local constant = {}

--- Builds the schedule.
---@param opts { warmup: number? }          fraction in [0, 1)
---@return fun(progress: number): number    factor of the recipe's lr
function constant.new(opts)
  local warmup = opts and opts.warmup or 0
  return function(progress)
    if progress < warmup then return progress / warmup end
    return 1
  end
end

return constant
