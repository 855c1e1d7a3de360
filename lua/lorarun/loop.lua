--- The training loop.
--
--   decide the knobs -> one step -> write it down -> evaluation, pictures, checkpoint, signals
--
-- Everything expensive is trainer:step; everything that is a decision is in
-- knobs.lua and the recipe.  A run is at a step boundary between two turns: here
-- and only here it is saved, drawn and stopped.

local best = require "lorarun.best"
local go_back = require "lorarun.go_back"
local knobs = require "lorarun.knobs"
local live = require "lorarun.live"
local metadata = require "lorarun.metadata"
local metrics = require "lorarun.metrics"
local ready_policies = require "lorarun.ready_policies"
local reload = require "lorarun.reload"
local render = require "lorarun.render"
local saved_state = require "lorarun.saved_state"
local text_encoders = require "lorarun.text_encoders"

local loop = {}

local STOPPED_BY_POLICY = 3

--- True when an event with this cadence is due after the run's step; the last step has them all, also those of
--- every = 0, which have no other.
local function is_due(run, cadence)
  if cadence == nil then return false end
  return run.step == run.steps or (cadence.every > 0 and run.step % cadence.every == 0)
end

local function next_time(run, cadence)
  if cadence.every == 0 then return run.steps end
  return math.min(run.steps, (math.floor(run.step / cadence.every) + 1) * cadence.every)
end

--- What the next event on the progress line is.
local function next_event(run)
  local save_at = next_time(run, run.knobs.save)
  local render_at = run.settings.render and next_time(run, run.knobs.render)
  return render_at and render_at < save_at and "pictures at " .. render_at or "save at " .. save_at
end

--- Writes a checkpoint: the LoRA file and everything needed to go on.
function loop.save(run)
  local s = run.settings.save
  run.records:flush()
  local pinned = best.pinned(run)
  local path = lorarun.checkpoint.save(run.trainer, run.step, {
    folder = run.folder .. "/checkpoints", name = run.name, dialect = s.format, dtype = s.dtype, keep = s.keep,
    pinned = #pinned > 0 and pinned or nil, metadata = metadata.of(run), state = saved_state.of(run),
  })
  run.saved, run.keep_now = run.step, nil
  run.records:event(run.step, "checkpoint", { path = path })
  best.write(run)
end

--- Goes back when a policy wishes so after a step that the trainer refused, because its loss was not finite; raises
--- the trainer's error otherwise.
local function recover(run, problem)
  ready_policies.failed(run, tostring(problem))
  local wish = run.wish_back
  run.wish_back = nil
  if not wish or not go_back.to(run, wish, loop.save) then error(problem, 0) end
end

--- One optimizer step and its records; gives a reason to stop, or nothing and true when it went back.
local function take_step(run)
  local step = run.step + 1
  run.knobs = knobs.decide(run, step)
  if run.knobs.stop then return run.knobs.stop end
  text_encoders.prepare(run, step, run.knobs)
  local batch = run.loader:next(step, knobs.for_loader(run.knobs))
  local good, stats = pcall(run.trainer.step, run.trainer, batch, knobs.for_trainer(run.knobs))
  if not good then
    batch:free()
    return nil, true, recover(run, stats)
  end
  run.step = step
  knobs.remember(run, batch, stats)
  run.records:step(run, batch, stats)
  batch:free()
  run.next_event = next_event(run)
  run.progress:step(run, stats)
  ready_policies.stepped(run)
end

--- Measures the run as it stands and lets the policies hear of it.
function loop.evaluate(run)
  metrics.evaluate(run, run.step)
  ready_policies.evaluated(run)
end

--- Draws the pictures. Those that memory does not hold are left out, and said; the run goes on.
function loop.draw(run, step)
  local done, problem = pcall(render.draw, run, step)
  if done then return end
  local text = tostring(problem)
  if not text:find("not enough memory", 1, true) then error(problem, 0) end
  run.model:release("vae")
  local what = ("the pictures of step %d are left out: %s"):format(step, text:match("[^\n]+"))
  run.records:event(step, "warn", { key = "render", what = what })
  lorarun.system.log(what .. "\n  fix: a smaller render.size; the run goes on without them", "warn")
end

--- What is due after a step: evaluation first, because it may ask for a checkpoint or to go back to one.
local function after_step(run)
  if run.settings.evaluate and is_due(run, run.knobs.evaluate) then loop.evaluate(run) end
  local wish = run.wish_back
  if run.player then wish = run.player:rollback(run, wish) end
  run.wish_back = nil
  if wish and go_back.to(run, wish, loop.save) then return end
  if run.settings.render and is_due(run, run.knobs.render) then loop.draw(run, run.step) end
  local save_is_due = is_due(run, run.knobs.save)
  if run.keep_now and not save_is_due then best.note(run) end
  if run.keep_now or save_is_due then loop.save(run) end
end

--- Ends the run with everything saved; `status` is what its manifest says from now on.
local function stop(run, exit_code, status, fields)
  run.status = status
  if run.saved ~= run.step then loop.save(run) end
  run.records:event(run.step, "stop", fields)
  run.records:flush()
  return exit_code
end

--- True while there is a step to take; at each boundary a run that is made again hears its player first.
local function goes_on(run)
  if run.player and not run.player:boundary(run) then return false end
  if run.follows then run.follows:hear(run) end
  reload.poll(run)
  return run.step < run.steps
end

--- Trains until the last step, a signal, or a policy's stop; gives the exit code.
function loop.run(run)
  while goes_on(run) do
    local asked = live.drain(run)
    if asked then return stop(run, asked.exit_code, asked.status, asked.fields) end
    local reason, went_back = take_step(run)
    if reason then return stop(run, STOPPED_BY_POLICY, "stopped", { origin = "recipe", what = tostring(reason) }) end
    if not went_back then after_step(run) end
    local signal, exit_code = lorarun.system.signal()
    if signal then return stop(run, exit_code, "interrupted", { origin = "signal", what = signal }) end
  end
  return stop(run, 0, "complete", { what = "complete" })
end

return loop
