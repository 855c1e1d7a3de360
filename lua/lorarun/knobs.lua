--- What holds in one step: the recipe's settings, the schedule, and on top of
--- them what on.step says.
--
-- A hook that fails while the run goes never stops it: the last accepted
-- decision stays, and the journal says so.  Before the first step every hook is
-- tried over all remaining steps on a copy of the state, so that most failures
-- are found before anything is computed.

local check = require "lorarun.check"

local knobs = {}

local MOST_TRIED = 20000

local function schedule_of(settings)
  local law = settings.schedule
  return require("lorarun.schedule." .. law.kind).new(law)
end

--- Gives the knobs of a step without the hook.
function knobs.base(run, step)
  local settings = run.settings
  run.schedule = run.schedule or schedule_of(settings)
  return {
    lr = settings.optimizer.lr * run.schedule((step - 1) / run.steps),
    timesteps = settings.timesteps, loss = settings.loss, guidance = settings.guidance,
    clip = settings.clip, ema = settings.ema,
  }
end

--- What a hook may read: plain data, nothing that depends on the clock.
function knobs.snapshot(run, step)
  return {
    step = step, steps = run.steps, progress = (step - 1) / run.steps, epoch = run.epoch, seed = run.settings.seed,
    lr = knobs.base(run, step).lr, loss = run.last.loss, mean_loss = run.last.mean_loss,
    grad_norm = run.last.grad_norm,
  }
end

--- Keeps what hooks may read of the last step.
function knobs.remember(run, batch, stats)
  local mean = run.last.mean_loss
  run.epoch = batch:epoch()
  run.last = { loss = stats.loss, grad_norm = stats.grad_norm,
    mean_loss = mean and 0.95 * mean + 0.05 * stats.loss or stats.loss }
end

local function ask(run, step, state)
  local answer, changed = run.recipe.policy:decide("step", state, knobs.snapshot(run, step))
  return check.knobs(answer, run.recipe.path .. ", on.step at step " .. step), changed
end

--- Tries on.step over the remaining steps; raises its error with exit code 2.
function knobs.dry_run(run)
  if not run.recipe.policy:has("step") then return end
  local state = run.state
  for step = run.step + 1, math.min(run.steps, run.step + MOST_TRIED) do
    local answer
    answer, state = ask(run, step, state)
    if answer.stop then return end
  end
end

local function note_change(run, step, answer)
  if not run.records then return end
  local text = lorarun.system.encode(answer)
  if text == run.last_answer then return end
  run.records:event(step, "decision", { key = "on.step", old = run.last_answer, new = text })
  run.last_answer = text
end

--- Gives the knobs of a step: base, then the hook's answer over it.
function knobs.decide(run, step)
  local decided = knobs.base(run, step)
  if not run.recipe.policy:has("step") then return decided end
  local good, answer, state = pcall(ask, run, step, run.state)
  if good then
    run.state, run.answer = state, answer
    note_change(run, step, answer)
  else
    if not run.records then error(answer, 0) end
    run.records:event(step, "warn", { what = tostring(answer) })
    run.progress:say("warning: " .. tostring(answer) .. "\n  the last decision stays")
  end
  for key, value in pairs(run.answer or {}) do decided[key] = value end
  return decided
end

return knobs
