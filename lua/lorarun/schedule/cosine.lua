--- Cosine decay.
--
--   progress  0 ........................ 1
--   factor    1 -> floor (half a cosine)
--
-- PyTorch: CosineAnnealingLR with T_max = steps, eta_min = floor * lr.

local cosine = {
  options = {
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left at the end" },
  },
}

--- Builds the schedule.
---@param opts { floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function cosine.new(opts)
  return function(progress) return opts.floor + (1 - opts.floor) * 0.5 * (1 + math.cos(math.pi * progress)) end
end

return cosine
