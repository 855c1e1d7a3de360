--- Reflected exponential decay (REX): slow at first, fast at the end.
--
--   factor = left / (1 - bend + bend * left),  left = 1 - progress
--
-- bend = 0.5 is the law of Chen, Wolfe and Kyrillidis, REX: Revisiting Budgeted Training with an Improved Schedule
-- (arXiv:2107.04197); bend = 0 is a line.

local rex = {
  options = {
    bend = { type = "number", min = 0, max = 0.99, default = 0.5, doc = "how long the rate stays high" },
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left at the end" },
  },
}

--- Builds the schedule.
---@param opts { bend: number, floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function rex.new(opts)
  return function(progress)
    local left = math.max(0, 1 - progress)
    return opts.floor + (1 - opts.floor) * left / (1 - opts.bend + opts.bend * left)
  end
end

return rex
