--- A linear rise, then a schedule over what is left.
--
--   warmup { 0.05, cosine {} }      the same as cosine { warmup = 0.05 }

local warmup = {
  options = {},
  items = {
    { type = "number", min = 0, max = 1, unit = "fraction", doc = "the part of the span that rises" },
    { type = "schedule", doc = "the schedule that follows" },
  },
}

--- Builds the schedule.
---@param opts { items: table }                               { part, schedule }
---@param build fun(spec: table): fun(progress: number): number
---@return fun(progress: number): number                       factor of the recipe's lr
function warmup.new(opts, build)
  local rise, factor = opts.items[1], build(opts.items[2])
  return function(progress)
    if progress < rise then return progress / rise * factor(0) end
    if rise >= 1 then return factor(0) end
    return factor((progress - rise) / (1 - rise))
  end
end

return warmup
