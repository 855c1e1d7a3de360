--- `lorarun step RECIPE --at K --out FILE`: trains to step K and lays that step open.
--
-- Starts from the newest checkpoint before K, if there is one, and leaves the run
-- folder as it is.

local knobs = require "lorarun.knobs"
local text_encoders = require "lorarun.text_encoders"
local train = require "lorarun.train"

local step = {}

local function take(run, at)
  local decided = knobs.decide(run, at)
  text_encoders.prepare(run, at, decided)
  return run.loader:next(at, knobs.for_loader(decided)), knobs.for_trainer(decided)
end

local function advance(run, at)
  local batch, decided = take(run, at)
  local stats = run.trainer:step(batch, decided)
  knobs.remember(run, batch, stats)
  run.step = at
end

--- Trains to options.at and writes options.out; gives the exit code.
function step.run(options)
  local run = train.new(options)
  train.open_data(run)
  train.open_loader(run)
  train.open_trainer(run)
  if options.at > run.steps then
    lorarun.fail { what = "step " .. options.at .. " of a run of " .. run.steps .. " steps", where = "--at",
      fix = "give a step from 1 to " .. run.steps }
  end
  train.resume(run, options.at - 1)
  while run.step < options.at - 1 do advance(run, run.step + 1) end
  local batch, decided = take(run, options.at)
  local stats = run.trainer:open_step(batch, decided, run.dataset, run.recipe.base, options.out)
  lorarun.system.log(("step %d, loss %.9g: %s"):format(options.at, stats.loss, options.out))
  return 0
end

return step
