--- A schedule times a number.
--
--   scale { 0.5, cosine {} }        the same as cosine { scale = 0.5 }

local scale = {
  options = {},
  items = { { type = "number", min = 0, doc = "the factor" }, { type = "schedule", doc = "the schedule" } },
}

--- Builds the schedule.
---@param opts { items: table }                               { factor, schedule }
---@param build fun(spec: table): fun(progress: number): number
---@return fun(progress: number): number                       factor of the recipe's lr
function scale.new(opts, build)
  local number, factor = opts.items[1], build(opts.items[2])
  return function(progress) return number * factor(progress) end
end

return scale
