--- Cosine decay that starts again.
--
--   progress  0 ...... 1/7 ............ 3/7 ........................ 1     (cycles = 3, growth = 2)
--   factor    1 -> floor 1  ->    floor  decay   ->            floor
--
-- PyTorch: CosineAnnealingWarmRestarts with T_mult = growth; T_0 follows from the number of cycles, so that the last
-- one ends with the span.  Loshchilov and Hutter, SGDR (arXiv:1608.03983).

local cosine_restarts = {
  options = {
    cycles = { type = "integer", min = 1, default = 3, doc = "decays in the span" },
    growth = { type = "number", min = 0.1, default = 1, doc = "length of a cycle over the one before" },
    decay = { type = "number", min = 0, max = 1, default = 1, doc = "peak of a cycle over the one before" },
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 0, doc = "part of the rate left in the valleys" },
  },
}

local function first_length(cycles, growth)
  local total, length = 0, 1
  for _ = 1, cycles do
    total, length = total + length, length * growth
  end
  return 1 / total
end

--- Builds the schedule.
---@param opts { cycles: integer, growth: number, decay: number, floor: number }
---@return fun(progress: number): number    factor of the recipe's lr
function cosine_restarts.new(opts)
  local shortest = first_length(opts.cycles, opts.growth)
  return function(progress)
    local start, length, peak = 0, shortest, 1
    for _ = 2, opts.cycles do
      if progress < start + length - 1e-12 then break end
      start, length, peak = start + length, length * opts.growth, peak * opts.decay
    end
    local within = math.min(1, math.max(0, (progress - start) / length))
    return opts.floor + (peak - opts.floor) * 0.5 * (1 + math.cos(math.pi * within))
  end
end

return cosine_restarts
