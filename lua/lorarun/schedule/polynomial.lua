--- Polynomial decay.
--
--   factor = floor + (1 - floor) * (1 - progress) ^ power
--
-- PyTorch: PolynomialLR with total_iters = steps (floor = 0).

local polynomial = {
  options = {
    power = { type = "number", min = 0, default = 1, doc = "exponent: 1 is a line, 2 falls early, 0.5 falls late" },
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left at the end" },
  },
}

--- Builds the schedule.
---@param opts { power: number, floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function polynomial.new(opts)
  return function(progress) return opts.floor + (1 - opts.floor) * math.max(0, 1 - progress) ^ opts.power end
end

return polynomial
