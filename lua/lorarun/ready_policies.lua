--- Ready policies: rules that look at the run and answer with knobs, or with something to do.
--
--   policies = { early_stop { patience = 3 }, roll_back { factor = 3 }, keep_best { keep = 3 } }
--
-- lua/lorarun/policies/NAME.lua is the policy NAME { … }: its `options`, and new(options) that gives up to four
-- functions of (state, run):
--
--   stepped(state, run)          after each step
--   evaluated(state, run)        after each evaluation
--   failed(state, run, what)     when the trainer refused a step: its loss or gradient was not finite
--   knobs(state, run, decided)   the policy's layer of a step's knobs; changes no state
--
-- `run` is what hooks see, `state` the policy's own plain data, saved with the run under the policy's name and
-- number ("early_stop#1"). The first three may answer { say = text, keep = …, roll_back = { to, why } }.

local check = require "lorarun.check"
local run_stats = require "lorarun.run_stats"

local ready_policies = {}

--- Gives the options of a policy as rows with name, type, default, doc, sorted.
---@param kind string
---@return table[]
function ready_policies.options(kind)
  local rows = {}
  for name, option in pairs(require("lorarun.policies." .. kind).options) do
    local row = { name = name }
    for key, value in pairs(option) do row[key] = value end
    rows[#rows + 1] = row
  end
  table.sort(rows, function(a, b) return a.name < b.name end)
  return rows
end

local function policy_of(spec) return require("lorarun.policies." .. spec.kind).new(spec) end

--- The recipe's policies with their names; built anew when the settings were replaced.
local function opened(run)
  local specs = run.settings.policies or {}
  if run.opened_policies and run.opened_policies.specs == specs then return run.opened_policies end
  local list, count = { specs = specs }, {}
  for i, spec in ipairs(specs) do
    count[spec.kind] = (count[spec.kind] or 0) + 1
    list[i] = { id = spec.kind .. "#" .. count[spec.kind], policy = policy_of(spec) }
  end
  run.opened_policies = list
  return list
end

local function state_of(run, id)
  run.policy_state = run.policy_state or {}
  run.policy_state[id] = run.policy_state[id] or {}
  return run.policy_state[id]
end

local function seen_by(run, step)
  local seen = run_stats.snapshot(run)
  seen.step, seen.steps, seen.epoch, seen.progress = step, run.steps, run.epoch, (step - 1) / run.steps
  return seen
end

--- Calls each(layer, id) with the knobs of every policy that has some to say about a step.
function ready_policies.at(run, step, decided, each)
  local list = opened(run)
  local seen = list[1] and seen_by(run, step)
  for _, one in ipairs(list) do
    local layer = one.policy.knobs and one.policy.knobs(state_of(run, one.id), seen, decided)
    if layer then each(check.knobs(layer, one.id .. " at step " .. step), one.id) end
  end
end

--- Notes what a policy did, for people and the journal.
local function say(run, id, text)
  run.records:event(run.step, "decision", { key = id, new = text })
  run.progress:say(("step %d, %s: %s"):format(run.step, id, text))
end

local function take_in(run, id, answer)
  if answer.say then say(run, id, answer.say) end
  if answer.roll_back then
    run.wish_back = run.wish_back or { policy = id, to = answer.roll_back.to, why = answer.roll_back.why }
  end
  if answer.keep then
    run.keep_now = true
    run.records:event(run.step, "select", { key = id, metric = answer.keep.metric, place = answer.keep.place,
      kept = answer.keep.kept })
  end
end

local function tell_all(run, what, more)
  local list = opened(run)
  local seen = list[1] and seen_by(run, run.step)
  for _, one in ipairs(list) do
    local answer = one.policy[what] and one.policy[what](state_of(run, one.id), seen, more)
    if answer then take_in(run, one.id, answer) end
  end
end

--- Tells every policy that a step was taken, or that the run was evaluated. What they ask for stands in
--- run.wish_back and run.keep_now until the loop has done it.
function ready_policies.stepped(run) tell_all(run, "stepped") end
function ready_policies.evaluated(run) tell_all(run, "evaluated") end
function ready_policies.failed(run, what) tell_all(run, "failed", what) end

--- Gives the lists of kept checkpoints, best first: { { id, kept = { { step, value }, … } }, … }.
function ready_policies.kept(run)
  local lists = {}
  for _, one in ipairs(opened(run)) do
    local kept = state_of(run, one.id).kept
    if kept and kept[1] then lists[#lists + 1] = { id = one.id, kept = kept } end
  end
  return lists
end

--- Lets every policy know how often it has gone back; that count outlives the checkpoints it goes back to.
function ready_policies.count_rollbacks(run)
  local times = {}
  for _, one in ipairs(run.rollbacks or {}) do times[one.policy] = (times[one.policy] or 0) + 1 end
  for id, count in pairs(times) do state_of(run, id).rolled_back = count end
end

local function listed(value)
  if type(value) == "table" and value.kind then return { value } end
  return value or {}
end

--- Writes on.evaluate = every { steps = 250 } and on.select = best { by = …, keep = 3 } of a declaration as what they
--- stand for: evaluate.every and a keep_best.
function ready_policies.from_events(declared)
  local on = declared.on
  if type(on) ~= "table" then return end
  if type(on.evaluate) == "table" and on.evaluate.kind == "every" then
    declared.evaluate = declared.evaluate or {}
    declared.evaluate.every, on.evaluate = on.evaluate.steps, nil
  end
  if type(on.select) == "table" and on.select.kind == "best" then
    declared.policies = listed(declared.policies)
    table.insert(declared.policies, { kind = "keep_best", metric = on.select.by, keep = on.select.keep })
    on.select = nil
  end
end

return ready_policies
