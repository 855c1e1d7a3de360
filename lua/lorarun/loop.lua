--- The training loop.
--
--   decide the knobs -> one step -> write it down -> pictures, checkpoint, signals
--
-- Everything expensive is trainer:step; everything that is a decision is in
-- knobs.lua and the recipe.  A run is at a step boundary between two turns: here
-- and only here it is saved, drawn and stopped.

local knobs = require "lorarun.knobs"
local metadata = require "lorarun.metadata"
local render = require "lorarun.render"

local loop = {}

local STOPPED_BY_POLICY = 3

local function is_save_due(run)
  return run.step % run.settings.save.every == 0 or run.step == run.steps
end

--- What the next event on the progress line is.
local function next_event(run)
  local every = run.settings.save.every
  local save_at = math.min(run.steps, (math.floor(run.step / every) + 1) * every)
  if not run.settings.render then return "save at " .. save_at end
  every = run.settings.render.every
  local render_at = math.min(run.steps, (math.floor(run.step / every) + 1) * every)
  return render_at < save_at and "pictures at " .. render_at or "save at " .. save_at
end

--- Writes a checkpoint: the LoRA file and everything needed to go on.
function loop.save(run)
  local s = run.settings.save
  run.records:flush()
  local path = lorarun.checkpoint.save(run.trainer, run.step, {
    folder = run.folder .. "/checkpoints", name = run.name, dialect = s.format, dtype = s.dtype, keep = s.keep,
    metadata = metadata.of(run),
    state = { step = run.step, cursor = run.loader:cursor(), state = run.state, last = run.last, answer = run.answer,
      last_answer = run.last_answer, epoch = run.epoch },
  })
  run.saved = run.step
  run.records:event(run.step, "checkpoint", { path = path })
end

--- One optimizer step and its records.
local function take_step(run)
  local step = run.step + 1
  run.knobs = knobs.decide(run, step)
  local stop = run.knobs.stop
  run.knobs.stop = nil
  if stop then return stop end
  local batch = run.loader:next(step)
  local stats = run.trainer:step(batch, run.knobs)
  run.step = step
  knobs.remember(run, batch, stats)
  run.records:step(run, batch, stats)
  batch:free()
  run.next_event = next_event(run)
  run.progress:step(run, stats)
end

local function stop(run, exit_code, fields)
  if run.saved ~= run.step then loop.save(run) end
  run.records:event(run.step, "stop", fields)
  run.records:flush()
  return exit_code
end

--- Trains until the last step, a signal, or a policy's stop; gives the exit code.
function loop.run(run)
  while run.step < run.steps do
    local reason = take_step(run)
    if reason then return stop(run, STOPPED_BY_POLICY, { origin = "recipe", what = tostring(reason) }) end
    if render.is_due(run, run.step) then render.draw(run, run.step) end
    if is_save_due(run) then loop.save(run) end
    local signal, exit_code = lorarun.system.signal()
    if signal then return stop(run, exit_code, { origin = "signal", what = signal }) end
  end
  return stop(run, 0, { what = "complete" })
end

return loop
