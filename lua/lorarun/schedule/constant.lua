--- A constant rate.
--
--   progress  0 .......... 1
--   factor    1            1

local constant = { options = {} }

--- Builds the schedule.
---@return fun(progress: number): number    factor of the recipe's lr
function constant.new()
  return function() return 1 end
end

return constant
