--- Linear decay.
--
--   progress  0 .......... 1
--   factor    1   ---->  floor
--
-- PyTorch: LinearLR with start_factor = 1, end_factor = floor.

local linear = {
  options = {
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left at the end" },
  },
}

--- Builds the schedule.
---@param opts { floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function linear.new(opts)
  return function(progress) return 1 - (1 - opts.floor) * progress end
end

return linear
