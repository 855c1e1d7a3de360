--- A schedule times a number.
--
--   scale { 0.5, cosine {} }        the same as cosine { scale = 0.5 }

local scale = {
  options = {
    [1] = { type = "number", min = 0, required = true, doc = "the factor" },
    [2] = { type = "schedule", required = true, doc = "the schedule" },
  },
}

--- Builds the schedule.
---@param opts table                                           { factor, schedule }
---@param build fun(spec: table): fun(progress: number): number
---@return fun(progress: number): number                       factor of the recipe's lr
function scale.new(opts, build)
  local factor = build(opts[2])
  return function(progress) return opts[1] * factor(progress) end
end

return scale
