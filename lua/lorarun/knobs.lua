--- What holds in one step, in layers; a later one stands above an earlier one.
--
--   settings + schedule -> text encoders -> phases -> on.step -> ready policies -> tweaks
--   \__________________ knobs.below __________________/          \____ knobs.above ____/
--
-- A hook that fails while the run goes never stops it: the last accepted
-- decision stays, and the journal says so.  Before the first step every hook is
-- tried over all remaining steps on a copy of the state, so that most failures
-- are found before anything is computed.

local check = require "lorarun.check"
local phases = require "lorarun.phases"
local ready_policies = require "lorarun.ready_policies"
local run_stats = require "lorarun.run_stats"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"
local text_encoder_policy = require "lorarun.text_encoder_policy"
local trace = require "lorarun.plan.trace"
local tweaks = require "lorarun.tweaks"

local knobs = {}

local IS_GROUP = {}
for _, s in ipairs(schema.knobs) do
  if s.type == "group" or s.type == "cadence" then IS_GROUP[s.name] = true end
end

--- A rate wakes a group that a lower layer lets rest.
local function merge_group(decided, key, value)
  local merged = {}
  for name, item in pairs(decided[key] or {}) do merged[name] = item end
  for name, item in pairs(value) do merged[name] = item end
  if merged.train == false and value.train == nil and (tonumber(value.lr) or 0) > 0 then merged.train = true end
  decided[key] = merged
end

--- Puts a layer over the knobs: groups and cadences field by field, everything else whole.
function knobs.merge(decided, layer)
  for key, value in pairs(layer) do
    if key == "text_encoder" then
      for _, encoder in ipairs(schema.text_encoders) do merge_group(decided, encoder, value) end
    elseif IS_GROUP[key] then
      merge_group(decided, key, value)
    else
      decided[key] = value
    end
  end
  for _, encoder in ipairs(layer.text_encoder and schema.text_encoders or {}) do -- the one encoder stands above all
    if layer[encoder] then merge_group(decided, encoder, layer[encoder]) end
  end
end

local function cadence(settings) return settings and { every = settings.every } or nil end

--- Gives the knobs of a step without any hook.
function knobs.below(run, step)
  local s = run.settings
  local decided = {
    lr = s.optimizer.lr * schedule.new(s.schedule)((step - 1) / run.steps),
    timesteps = s.timesteps, loss = s.loss, guidance = s.guidance, clip = s.clip, ema = s.ema,
    save = cadence(s.save), render = cadence(s.render), evaluate = cadence(s.evaluate),
  }
  knobs.merge(decided, text_encoder_policy.at(s, step, run.steps, decided.lr))
  phases.at(s.phases, step, run.steps, run.steps_per_epoch, decided.lr, function(layer) knobs.merge(decided, layer) end)
  return decided
end

--- Puts the hook's answer and everything above it over the knobs.
function knobs.above(run, step, decided, answer)
  if answer then knobs.merge(decided, answer) end
  ready_policies.at(run, step, decided, function(layer) knobs.merge(decided, layer) end)
  tweaks.at(run.tweaks, step, function(layer) knobs.merge(decided, layer) end)
  return decided
end

--- What a hook may read: plain data, nothing that depends on the clock.
function knobs.snapshot(run, step, decided)
  local seen = run_stats.snapshot(run)
  seen.step, seen.steps, seen.progress = step, run.steps, (step - 1) / run.steps
  seen.epoch, seen.seed = run.epoch, run.settings.seed
  seen.lr = (decided or knobs.below(run, step)).lr
  return seen
end

--- Keeps what hooks may read of the last step.
function knobs.remember(run, batch, stats)
  run.epoch = batch:epoch()
  run.statistics = run.statistics or run_stats.new()
  run_stats.remember(run.statistics, stats)
  run.last = run.statistics
end

local function ask(run, step, state, decided)
  local answer, changed = run.recipe.policy:decide("step", state, knobs.snapshot(run, step, decided))
  return check.knobs(answer, run.recipe.path .. ", on.step at step " .. step), changed
end

--- Tries on.step over the remaining steps, on made-up losses; raises its error with exit code 2.
function knobs.dry_run(run)
  trace.dry_run(run.recipe.policy, run.settings, run.state, run.step, run.steps,
    { place = run.recipe.path, text = run.recipe.text, tweaks = run.tweaks, steps_per_epoch = run.steps_per_epoch })
end

local function note_change(run, step, answer)
  if not run.records then return end
  local text = lorarun.system.encode(answer)
  if text == run.last_answer then return end
  run.records:event(step, "decision", { key = "on.step", old = run.last_answer, new = text })
  run.last_answer = text
end

--- The hook's answer, or the last one that was accepted.
local function accepted_answer(run, step, decided)
  if not run.recipe.policy:has("step") then return nil end
  local good, answer, state = pcall(ask, run, step, run.state, decided)
  if good then
    run.state, run.answer = state, answer
    note_change(run, step, answer)
  else
    if not run.records then error(answer, 0) end
    run.failed_decision = step
    run.records:event(step, "warn", { key = "on.step", what = tostring(answer) })
    run.progress:say("warning: " .. tostring(answer) .. "\n  the last decision stays")
  end
  return run.answer
end

--- Gives the knobs of a step.
function knobs.decide(run, step)
  local decided = knobs.below(run, step)
  return knobs.above(run, step, decided, accepted_answer(run, step, decided))
end

local GROUPS = { "transformer", "clip_l", "t5", "vae" }

--- The part of the knobs that the trainer takes.
function knobs.for_trainer(decided)
  local taken = { lr = decided.lr, timesteps = decided.timesteps, loss = decided.loss, guidance = decided.guidance,
    clip = decided.clip, ema = decided.ema, module_factors = decided.modules, network_dropout = decided.network_dropout }
  for _, name in ipairs(GROUPS) do
    local group = decided[name]
    if group and group.lr then
      taken.group_lr = taken.group_lr or {}
      taken.group_lr[name] = group.lr
    end
    if group and group.train ~= nil then
      taken.group_trains = taken.group_trains or {}
      taken.group_trains[name] = group.train
    end
  end
  return taken
end

--- The part of the knobs that the loader takes, or nothing.
function knobs.for_loader(decided)
  local taken = { caption_dropout = decided.caption_dropout, accumulate = decided.accumulate, weights = decided.weights }
  return next(taken) and taken or nil
end

return knobs
