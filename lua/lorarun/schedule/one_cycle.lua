--- One rise, one fall.
--
--   progress  0 ............. rise ........................ 1
--   factor    start    ->      1            ->            floor
--
-- PyTorch: OneCycleLR with pct_start = rise, div_factor = 1 / start, final_div_factor = start / floor; the recipe's lr is
-- its max_lr.  Smith and Topin, Super-Convergence (arXiv:1708.07120).

local one_cycle = {
  options = {
    rise = { type = "number", min = 0, max = 1, unit = "fraction", default = 0.3, doc = "part of the span until the peak" },
    start = { type = "number", min = 0, max = 1, unit = "fraction", default = 0.04, doc = "part of the rate at the beginning" },
    floor = { type = "number", min = 0, max = 1, unit = "fraction", default = 4e-6, doc = "part of the rate left at the end" },
    shape = { type = "text", values = { "cosine", "linear" }, default = "cosine", doc = "how it rises and falls" },
  },
}

local MIX = {
  cosine = function(from, to, part) return to + (from - to) * 0.5 * (1 + math.cos(math.pi * part)) end,
  linear = function(from, to, part) return from + (to - from) * part end,
}

--- Builds the schedule.
---@param opts { rise: number, start: number, floor: number, shape: string }
---@return fun(progress: number): number    factor of the recipe's lr
function one_cycle.new(opts)
  local mix = MIX[opts.shape]
  return function(progress)
    if progress < opts.rise then return mix(opts.start, 1, progress / opts.rise) end
    if opts.rise >= 1 then return 1 end
    return mix(1, opts.floor, math.min(1, (progress - opts.rise) / (1 - opts.rise)))
  end
end

return one_cycle
