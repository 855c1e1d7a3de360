--- Phases: what holds in a part of the run.
--
--   phases = {
--     phase { to = 0.1, lr = 1e-5 },                               -- the first tenth
--     phase { from = 0.8, lr = 3e-5, text_encoder = { lr = 5e-6 } },
--     phase { from = 5000, to = 6000, clip = 0.5 },                -- by step
--     phase { from_epoch = 3, lr = cosine { floor = 0.1 } },       -- a schedule over the phase's own span
--   }
--
-- `from` and `to` below 1 are parts of the run, from 1 on they are steps: `from` is the first step of the
-- phase, `to` the last. Later phases stand above earlier ones.

local schedule = require "lorarun.schedule"

local phases = {}

local BORDERS = { kind = true, from = true, to = true, from_epoch = true, to_epoch = true }

--- The step that a border means: 0.8 of 1000 steps is step 800 as an end and 801 as a beginning.
local function step_of(border, steps, is_start)
  if border >= 1 then return border end
  return math.floor(border * steps + 0.5) + (is_start and 1 or 0)
end

local function epoch_border(epoch, steps_per_epoch, is_start)
  return math.floor(epoch * steps_per_epoch + 0.5) + (is_start and 1 or 0)
end

--- Gives first and last step of a phase.
---@param phase table
---@param steps integer             of the whole run
---@param steps_per_epoch number?   needed by from_epoch and to_epoch
function phases.span(phase, steps, steps_per_epoch)
  local first, last = 1, steps
  if phase.from then first = step_of(phase.from, steps, true) end
  if phase.to then last = step_of(phase.to, steps, false) end
  if steps_per_epoch then
    if phase.from_epoch then first = epoch_border(phase.from_epoch, steps_per_epoch, true) end
    if phase.to_epoch then last = epoch_border(phase.to_epoch, steps_per_epoch, false) end
  end
  return first, last
end

--- A schedule in the place of a rate: its factor over the phase's span, times `lr` of the schedule or the base rate.
local function rate(value, base, step, first, last)
  if type(value) ~= "table" or not value.kind then return value end
  local factor = schedule.new(value)
  return (value.lr or base) * factor((step - first) / math.max(1, last - first + 1))
end

--- Gives the knobs of one phase at a step, as plain values.
function phases.knobs(phase, step, first, last, base_lr)
  local knobs = {}
  for key, value in pairs(phase) do
    if key == "lr" then
      knobs.lr = rate(value, base_lr, step, first, last)
    elseif type(value) == "table" and value.lr ~= nil then
      local group = {}
      for name, item in pairs(value) do group[name] = item end
      group.lr = rate(value.lr, base_lr, step, first, last)
      knobs[key] = group
    elseif not BORDERS[key] then
      knobs[key] = value
    end
  end
  return knobs
end

--- Calls each(knobs) for every phase in force at a step, in their order.
function phases.at(list, step, steps, steps_per_epoch, base_lr, each)
  for _, phase in ipairs(list or {}) do
    local first, last = phases.span(phase, steps, steps_per_epoch)
    if step >= first and step <= last then each(phases.knobs(phase, step, first, last, base_lr), phase) end
  end
end

--- True when a border is told in epochs, which only the data turns into steps.
function phases.count_epochs(list)
  for _, phase in ipairs(list) do
    if phase.from_epoch or phase.to_epoch then return true end
  end
  return false
end

return phases
