--- Cosine decay after a linear warm-up.
--
--   progress  0 ....... warmup ........................ 1
--   factor    0 -> 1    1 -> floor (half a cosine)

local cosine = {}

--- Builds the schedule.
---@param opts { warmup: number?, floor: number? }   fractions in [0, 1)
---@return fun(progress: number): number             factor of the recipe's lr
function cosine.new(opts)
  local warmup, floor = opts and opts.warmup or 0, opts and opts.floor or 0
  return function(progress)
    if progress < warmup then return progress / warmup end
    local decayed = (progress - warmup) / (1 - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * decayed))
  end
end

return cosine
