--- Runs that never happened: what a hook would see of a run, step by step, without training.
--
--   flat     a loss of 0.5 with a little noise: what a plan is drawn with
--   noisy    the same mean, noise of its own size
--   spike    flat, with ten times the loss for a while in the middle
--   rising   a loss that grows by half: what overfitting looks like
--
-- The noise is a function of the step, so every rehearsal of a recipe gives the same.  Facts that are tables cross
-- to the policy only when its text names them: for 10,000 steps they would cost more than all else.

local tables = require "lorarun.tables"

local trace = {}

local MEAN, NEW_PART, BANDS = 0.5, 0.05, 4
local MOST_STEPS, SLICE = 20000, 2000

--- Noise in [-1, 1) for a step.
local function noise(step)
  local value = math.sin(step * 12.9898) * 43758.5453
  return 2 * (value - math.floor(value)) - 1
end

local function middle(steps) return math.floor(steps / 2) end

trace.losses = {
  flat = function(step) return MEAN * (1 + 0.05 * noise(step)) end,
  noisy = function(step) return MEAN * (1 + 0.9 * noise(step)) end,
  spike = function(step, steps)
    local is_spike = step >= middle(steps) and step < middle(steps) + 5
    return MEAN * (1 + 0.05 * noise(step)) * (is_spike and 10 or 1)
  end,
  rising = function(step, steps) return MEAN * (1 + 0.5 * step / steps + 0.05 * noise(step)) end,
}

trace.order = { "flat", "noisy", "spike", "rising" }

local function bands(samples, loss)
  local list = {}
  for i = 1, BANDS do
    list[i] = { low = (i - 1) / BANDS, high = i / BANDS, count = math.floor(samples / BANDS) }
    if samples >= BANDS then list[i].mean, list[i].variance = loss, 0.01 end
  end
  return list
end

--- The last evaluation before a step, as on.step sees it.
local function evaluation(view, step, loss_at)
  local every = view.settings.evaluate and view.settings.evaluate.every
  local last = every and math.floor((step - 1) / every) * every or 0
  if last < 1 then return nil end
  local history = {}
  for at = math.max(every, last - 4 * every), last, every do
    history[#history + 1] = { step = at, heldout_loss = loss_at(at, view.steps) }
  end
  local value = loss_at(last, view.steps)
  return { step = last, heldout_loss = value, best = { heldout_loss = { step = last, value = value } }, history = history }
end

local function epoch_of(view, step)
  return view.steps_per_epoch and math.floor((step - 1) / view.steps_per_epoch) or 0
end

local function names(view, fact) return not view.text or view.text:find(fact, 1, true) ~= nil end

local function rounded(value) return math.floor(value * 1e6 + 0.5) / 1e6 end

--- Fills in what a hook would have seen of the steps before this one.
local function add_past(seen, view, step, loss_at, mean)
  local s = view.settings
  local loss = loss_at(step - 1, view.steps)
  seen.loss, seen.mean_loss, seen.grad_norm = rounded(loss), rounded(mean), 1
  seen.images = (step - 1) * (s.batch or 1) * (s.accumulate or 1)
  seen.loss_slope, seen.loss_variance = rounded(loss - loss_at(math.max(1, step - 101), view.steps)), 0.01
  if names(view, "bands") then seen.bands = bands(seen.images, loss) end
  if names(view, "grad_norms") then seen.grad_norms = { transformer = 1 } end
  if names(view, "evaluation") then seen.evaluation = evaluation(view, step, loss_at) end
end

--- What a hook sees before a step.
local function snapshot(view, step, below, loss_at, mean)
  local seen = { step = step, steps = view.steps, progress = (step - 1) / view.steps, epoch = epoch_of(view, step),
    seed = view.settings.seed, lr = below.lr, images = 0 }
  if names(view, "bands") then seen.bands = bands(0, 0) end
  if names(view, "grad_norms") then seen.grad_norms = {} end
  if step > 1 then add_past(seen, view, step, loss_at, mean) end
  return seen
end

--- Gives the snapshots of the steps after `from` up to `last`, and the moving mean after them.
local function snapshots_of(view, below, from, loss_at, mean)
  local list = {}
  for i, decided in ipairs(below) do
    local before = from + i - 1
    if before > 0 then
      local loss = loss_at(before, view.steps)
      mean = mean and (1 - NEW_PART) * mean + NEW_PART * loss or loss
    end
    list[i] = snapshot(view, from + i, decided, loss_at, mean)
  end
  return list, mean
end

local function knobs_below(view, from, last)
  local knobs = require "lorarun.knobs" -- here, because it rehearses with this file
  local list = {}
  for step = from + 1, last do list[step - from] = knobs.below(view, step) end
  return list
end

--- Asks one by one; stops at the first failure or at the first wish to stop.
local function ask_each(policy, state, snapshots)
  local answers = {}
  for i, seen in ipairs(snapshots) do
    local good, answer, changed = pcall(policy.decide, policy, "step", state, seen)
    if not good then return answers, state, { index = i, error = answer } end
    answers[i], state = answer or {}, changed
  end
  return answers, state
end

local function ask_all(policy, state, snapshots)
  if policy.rehearse then return policy:rehearse("step", state, snapshots) end
  return ask_each(policy, state, snapshots)
end

--- Gives a function that checks answers in their order; one like the one before is that one.
local function checker(place)
  local check = require "lorarun.check"
  local last, last_raw
  return function(answer, step)
    if last_raw == nil or not tables.same(answer, last_raw) then
      last_raw, last = answer, check.knobs(answer, place .. ", on.step at step " .. step)
    end
    return last
  end
end

--- The hook's own error, with the step where it came.
local function fail_at(view, step, problem)
  local place = (view.place or "the recipe") .. ", on.step at step " .. step
  if type(problem) ~= "table" then lorarun.fail { what = tostring(problem), where = place } end
  local where = problem.where and problem.where ~= view.place and problem.where .. "; " .. place or place
  lorarun.fail { what = problem.what or tostring(problem), where = where, fix = problem.fix }
end

--- Rehearses the steps after `from` on one trace, a slice at a time; calls each(step, below, answer) with the knobs
--- without the hook and its checked answer. Ends where the hook stops the run. Raises the hook's error, or the check's.
---@param policy lorarun.Policy
---@param view table     settings, steps, steps_per_epoch, tweaks, text of the recipe: a run, or what stands for one
---@param name string    which trace
---@param from integer   last step that is done
---@param last integer   last step to rehearse
---@return table state   after the last step
function trace.rehearse(policy, view, state, name, from, last, each)
  local checked, has_hook, mean = checker(view.place or "the recipe"), policy:has("step"), nil
  state = state or {}
  for start = from, last - 1, SLICE do
    local below, answers, failure = knobs_below(view, start, math.min(last, start + SLICE)), {}, nil
    if has_hook then
      local snapshots
      snapshots, mean = snapshots_of(view, below, start, trace.losses[name], mean)
      answers, state, failure = ask_all(policy, state, snapshots)
    end
    for i, decided in ipairs(below) do
      if failure and i == failure.index then fail_at(view, start + i, failure.error) end
      local answer = answers[i] and checked(answers[i], start + i)
      each(start + i, decided, answer)
      if answer and answer.stop then return state end
    end
  end
  return state
end

local function nothing() end

--- Tries on.step over the steps after `from` on every trace.  Raises its error with exit code 2.
---@param policy lorarun.Policy
---@param settings table     checked settings of the recipe
---@param state table?       the policy's state; it is not changed
---@param from integer       last step that is done
---@param steps integer      steps of the whole run
---@param more table?        { place, text, tweaks, steps_per_epoch, traces }
function trace.dry_run(policy, settings, state, from, steps, more)
  if not policy:has("step") then return end
  more = more or {}
  local view = { settings = settings, steps = steps, place = more.place or "the recipe", tweaks = more.tweaks,
    steps_per_epoch = more.steps_per_epoch, text = more.text }
  for _, name in ipairs(more.traces or trace.order) do
    trace.rehearse(policy, view, state, name, from, math.min(steps, from + MOST_STEPS), nothing)
  end
end

return trace
