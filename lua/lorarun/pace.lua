--- How fast a run goes now, and so how long the rest takes: learned from its last minutes.
--
--   step 1      warms up: memory is taken, kernels are chosen; it counts for nothing
--   window      the steps of the last 3 minutes, or the last 8 where a step takes long; what comes between
--               them counts, since checkpoints and pictures come again
--
-- A run that goes back to a checkpoint begins its window anew. Times are seconds of any clock that stands while the
-- run is paused.

local pace = {}
pace.__index = pace

local WINDOW_S, FEWEST, APART_S = 180, 8, 0.5

--- Follows a run that has taken no step yet.
function pace.new() return setmetatable({ marks = {} }, pace) end

--- Whether the oldest mark may go: the rest is a window without it.
local function is_old(marks)
  local last = marks[#marks]
  return #marks > 2 and last.at - marks[2].at >= WINDOW_S and last.step - marks[2].step >= FEWEST
end

--- Notes that a step has ended.
---@param step integer
---@param at number   seconds
function pace:note(step, at)
  local marks = self.marks
  if marks[1] and step <= marks[#marks].step then marks = {} end
  local before = marks[#marks - 1]
  if before and at - before.at < APART_S then marks[#marks] = nil end -- fast steps share a mark
  marks[#marks + 1] = { step = step, at = at }
  while is_old(marks) do table.remove(marks, 1) end
  self.marks = marks
end

--- Gives the seconds that a step takes, or nothing before there were two.
---@return number?
function pace:seconds_per_step()
  local first, last = self.marks[1], self.marks[#self.marks]
  if not first or first.step == last.step then return nil end
  return (last.at - first.at) / (last.step - first.step)
end

return pace
