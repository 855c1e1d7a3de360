--- `lorarun RECIPE.lua`: from a recipe to a finished run folder.
--
--   recipe -> run folder -> model -> data report -> encode -> network, trainer -> resume -> loop
--
-- A complete run is recognised before anything is loaded.

local device = require "lorarun.device"
local drawn = require "lorarun.drawn"
local encoding = require "lorarun.encoding"
local go_back = require "lorarun.go_back"
local inert = require "lorarun.inert"
local knobs = require "lorarun.knobs"
local live = require "lorarun.live"
local loop = require "lorarun.loop"
local opening = require "lorarun.opening"
local metrics = require "lorarun.metrics"
local phases = require "lorarun.phases"
local progress = require "lorarun.progress"
local recipe = require "lorarun.recipe"
local reload = require "lorarun.reload"
local records = require "lorarun.records"
local render = require "lorarun.render"
local run_folder = require "lorarun.run_folder"
local saved_state = require "lorarun.saved_state"
local start = require "lorarun.start"

local train = {}

local system = lorarun.system

local function say(text) system.log(text) end

local function last_checkpoint(run)
  local steps = lorarun.checkpoint.steps(run.folder .. "/checkpoints", run.name)
  return steps[#steps]
end

--- Opens what a run is made of, up to the data; loads no weights but the model's.
function train.open_data(run)
  local s = run.settings
  device.choose(run)
  run.model = opening.model(s, run.device)
  run.dataset = lorarun.data.open(drawn.sets(s.data, run.cache_folder), run.model:size_multiple(), run.cache_folder .. "/index.json")
  if run.device_facts.kind ~= "cpu" then
    require("lorarun.plan.room").check(s, run.device, run.recipe.path .. ", device", run.dataset:facts().buckets)
  end
  run.data_hash, run.pictures = run.dataset:hash(), run.dataset:facts().pictures
end

--- Gives the number of steps that the settings ask for.
function train.count_steps(run)
  local s = run.settings
  return s.steps or math.max(1, math.floor(s.epochs * run.steps_per_epoch + 0.5))
end

--- Encodes what is missing, and opens the loader. An objective that takes pixels needs nothing encoded.
function train.open_loader(run)
  local s = run.settings
  run.takes_pixels = opening.takes_pixels(s)
  run.cache = lorarun.data.cache(run.cache_folder, run.model)
  if not run.takes_pixels then
    run.encoded = encoding.all(run, run.dataset, render.prompts(s))
  end
  metrics.hold_out(run)
  run.loader = lorarun.data.loader(run.dataset, run.cache,
    { batch = s.batch, accumulate = s.accumulate, seed = s.seed, pixels = run.takes_pixels })
  run.steps_per_epoch = run.loader:steps_per_epoch()
  run.steps = train.count_steps(run)
end

--- Puts the network into the model and makes the trainer.
function train.open_trainer(run)
  run.network = opening.network(run.model, run.settings, run.device)
  run.trainer = opening.trainer(run.model, run.network, run.settings)
end

--- Loads the newest checkpoint at or before `at_most`; true when there was one.
function train.resume(run, at_most)
  return saved_state.load(run, at_most)
end

--- A run that nothing has been opened of yet.
function train.new(options)
  local opened = recipe.open(options)
  local run = { recipe = opened, settings = opened.settings, step = 0, state = {}, last = {}, epoch = 0 }
  run.name, run.folder = run_folder.choose(options, opened.settings.name)
  run.cache_folder = (options.runs or "runs") .. "/.cache"
  return run
end

local function is_complete(run, manifest)
  local steps = run.settings.steps or manifest.steps
  local last = last_checkpoint(run)
  return last ~= nil and steps ~= nil and last >= steps
end

--- Says what looks wrong in the recipe, once: before pictures are encoded for an hour.
local function tell_warnings(run)
  if run.has_told_warnings then return end
  run.has_told_warnings = true
  for _, one in ipairs(run.recipe.warnings or {}) do system.log(inert.text(one) .. "\n  fix: " .. one.fix, "warn") end
end

--- Tries the recipe's hooks before anything is opened, where it says how many steps there are: a mistake in the last
--- of them costs no hour of encoding. Phases may count epochs, which only the data knows, so they are tried again later.
local function rehearse(run)
  if not run.settings.steps then return end
  run.steps, run.is_rehearsed = run.settings.steps, not phases.count_epochs(run.settings.phases)
  knobs.dry_run(run)
end

local function begin(run, event, more)
  run.records = records.open(run.folder, run.step, go_back.attempt(run))
  run.progress = progress.new(run.step, run.steps)
  local fields = {
    recipe = run.recipe.hash, path = system.absolute(run.recipe.path), given = run.recipe.given,
    seed = run.settings.seed, steps = run.steps, device = run.device, card = run.card, data_hash = run.data_hash,
    parameters = run.network:count(), encoded = run.encoded,
  }
  for key, value in pairs(more or {}) do fields[key] = value end
  run.records:event(run.step, event, fields)
  for _, one in ipairs(run.recipe.warnings or {}) do
    run.records:event(run.step, "warn", { key = one.key, what = inert.text(one) })
  end
  tell_warnings(run)
  if run.device_facts.why_cpu ~= "" then run.records:event(run.step, "warn", { key = "device", what = run.device_facts.why_cpu }) end
  run_folder.write_manifest(run, "running")
  reload.open(run)
  if not run.is_rehearsed then knobs.dry_run(run) end
  run.progress:say(table.concat(start.lines(run), "\n"))
  say((event == "start" and "starts at step %d of %d" or event .. "s at step %d of %d"):format(run.step, run.steps))
  if not run.player then live.open(run) end
  if event == "start" and run.settings.render then loop.draw(run, 0) end
  if event == "start" and run.settings.evaluate then loop.evaluate(run) end
  run.progress:start()
end

local function finish(run, options, exit_code)
  local status = run.status
  run_folder.write_manifest(run, status)
  local last = last_checkpoint(run)
  local file = ("%s/checkpoints/%s-%06d.safetensors"):format(run.folder, run.name, last)
  local report = require("lorarun.summary").tell(run)
  if options.json then
    print(system.encode { name = run.name, folder = run.folder, status = status, step = run.step, steps = run.steps,
      loss = run.last.loss, mean_loss = run.last.mean_loss, checkpoint = file, report = report })
  end
  return exit_code
end

local function tell_complete(run, manifest, options)
  say(("run %s is complete: step %d of %d in %s"):format(run.name, last_checkpoint(run),
    run.settings.steps or manifest.steps, run.folder))
  say("to train further, raise steps; to train anew, add --fresh")
  if options.json then
    print(system.encode { name = run.name, folder = run.folder, status = "complete", step = last_checkpoint(run) })
  end
  return 0
end

--- The loop; its failure is written into the journal before it goes on to the user.
local function run_guarded(run)
  local done, result = pcall(loop.run, run)
  live.close(run, done and run.status or "failed")
  if done then return result end
  run.records:event(run.step, "stop", { what = tostring(result) })
  run.records:flush()
  run_folder.write_manifest(run, "failed")
  error(result, 0)
end

--- Trains an opened run from where it stands; gives the exit code.
---@param event string   how it begins: start, resume, fork
---@param more table?    of this beginning, for the journal
function train.go_on(run, options, event, more)
  begin(run, event, more)
  return finish(run, options, run_guarded(run))
end

--- A driver that vanished makes a run many times slower: nobody should learn it from the clock.
local function tell_other_device(run, manifest)
  if not manifest.device or manifest.device == run.device then return end
  system.log(("this run trained on %s so far, and goes on on %s"):format(device.label(manifest.device, manifest.card),
    device.label(run.device, run.card)), "warn")
end

--- Trains a recipe, or goes on with a run whose folder is named; gives the exit code.
function train.run(options)
  if system.is_folder(options.recipe) then options = require("lorarun.player").own_options(options.recipe, options) end
  local run = train.new(options)
  local manifest = run_folder.manifest(run.folder)
  if manifest then
    run_folder.check_structure(run, manifest)
    if is_complete(run, manifest) then return tell_complete(run, manifest, options) end
  end
  tell_warnings(run)
  if not manifest then rehearse(run) end
  train.open_data(run)
  if manifest then
    run_folder.check_data(run, manifest)
    tell_other_device(run, manifest)
  end
  if options.check_data then options.check_data(run) end
  run_folder.open(run)
  io.stderr:write(run.dataset:report(), "\n")
  train.open_loader(run)
  train.open_trainer(run)
  local resumed = train.resume(run)
  if resumed then require("lorarun.player").follow_again(run) end
  return train.go_on(run, options, resumed and "resume" or "start")
end

return train
