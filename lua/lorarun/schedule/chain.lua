--- One schedule, then another.
--
--   chain { constant { part = 0.3 }, cosine { part = 0.7, floor = 0.1 } }
--
--   progress  0 ............ 0.3 .............. 1
--   factor    1               1    ->         0.1
--
-- Each one sees its own part of the span as 0 to 1.  Those without `part` share what the others leave.
-- PyTorch: SequentialLR.

local chain = {
  options = {},
  items = { each = { type = "schedule", doc = "schedules, one after the other" } },
}

local function share_of_rest(list)
  local rest, without = 1, 0
  for i = 1, #list do
    rest = rest - (list[i].part or 0)
    if not list[i].part then without = without + 1 end
  end
  return math.max(0, rest) / math.max(1, without)
end

--- Builds the schedule.
---@param opts { items: table[] }                             a list of schedules
---@param build fun(spec: table): fun(progress: number): number
---@return fun(progress: number): number                       factor of the recipe's lr
function chain.new(opts, build)
  local list = opts.items
  local share, links, start = share_of_rest(list), {}, 0
  for i = 1, #list do
    local length = list[i].part or share
    links[i] = { start = start, length = length, factor = build(list[i]) }
    start = start + length
  end
  return function(progress)
    local link = links[1]
    for i = 2, #links do
      if progress >= links[i].start - 1e-12 then link = links[i] end
    end
    if not link then return 1 end
    return link.factor(math.min(1, math.max(0, (progress - link.start) / math.max(link.length, 1e-12))))
  end
end

return chain
