--- `lorarun fork RUN --at STEP`: another choice from the same moment.
--
--   checkpoint of the parent at or before STEP --its journal--> STEP --child's recipe--> an ordinary run folder
--
-- The child's journal begins with a fork event that holds what of the parent's journal led there, and its recipe
-- folder holds the texts: the child can be replayed without its parent. A child that changes nothing takes over the
-- live changes that its parent got later, and equals it to the bit. What shapes the weights stays as it is: a change
-- of it is refused by name.

local loop = require "lorarun.loop"
local journal = require "lorarun.journal"
local player = require "lorarun.player"
local progress = require "lorarun.progress"
local recipe = require "lorarun.recipe"
local replay = require "lorarun.replay"
local run_folder = require "lorarun.run_folder"
local train = require "lorarun.train"

local fork = {}

local system = lorarun.system

local PARTS = { ".safetensors", ".raw.safetensors", ".state/tensors.safetensors", ".state/state.json" }

--- Records of steps that belong to the parent: nothing is written.
local silent = setmetatable({}, { __index = function() return function() end end })

local function check_step(source, at)
  if at and at >= 0 and at <= source.last then return end
  if not at then lorarun.fail { what = "fork needs --at STEP", where = "the command line" } end
  lorarun.fail { what = ("step %d is beyond the end: %s stands at step %d"):format(at, source.name, source.last),
    where = "--at", fix = "give a step from 0 to " .. source.last }
end

local function stem(folder, name, step) return ("%s/checkpoints/%s-%06d"):format(folder, name, step) end

--- Gives the step of the newest checkpoint at or before `at` that is in force, or 0.
local function newest_checkpoint(source, at)
  local in_force, newest = {}, 0
  for _, event in ipairs(source.events) do
    if event.event == "checkpoint" then in_force[event.step] = true end
    if event.event == "rollback" then
      for step in pairs(in_force) do in_force[step] = step <= event.to or nil end
    end
  end
  if source.first_step > 0 then in_force[source.first_step] = true end
  for _, step in ipairs(lorarun.checkpoint.steps(source.folder .. "/checkpoints", source.name)) do
    if in_force[step] and step <= at then newest = math.max(newest, step) end
  end
  return newest
end

--- Copies a checkpoint under the child's name; the LoRA file comes last, because it makes the checkpoint exist.
local function copy_checkpoint(source, run, step)
  local from, to = stem(source.folder, source.name, step), stem(run.folder, run.name, step)
  system.make_folder(to .. ".state")
  for i = #PARTS, 1, -1 do
    if system.exists(from .. PARTS[i]) then system.copy(from .. PARTS[i], to .. PARTS[i]) end
  end
end

--- Copies the texts that the parent's journal names.
local function copy_texts(source, run)
  system.make_folder(run.folder .. "/recipe")
  for _, name in ipairs(system.list(source.folder .. "/recipe")) do
    if name:match("%.lua$") then system.copy(source.folder .. "/recipe/" .. name, run.folder .. "/recipe/" .. name) end
  end
end

--- Options of the child's recipe: the parent's in force at the fork, or a new one that stands alone.
local function child_options(source, history, wish)
  local more = { set = wish.set, steps = wish.steps, name = wish.name, runs = wish.runs }
  if wish.recipe then
    more.recipe, more.set = wish.recipe, wish.set or {}
    return more
  end
  return player.options(source.folder, journal.opening(history), more)
end

--- Refuses, by name, what cannot change between parent and child.
local function check_structure(source, opened)
  local new = run_folder.structure { recipe = opened, settings = opened.settings }
  local old = run_folder.manifest(source.folder).structure
  local key = run_folder.first_difference(old, new)
  if not key then return end
  local function show(value) return value == nil and "absent" or tostring(value) end
  lorarun.fail { what = ("%s is %s in %s and would be %s in its fork: the checkpoint's weights, moments and batches were made with it")
    :format(key, show(old[key]), source.name, show(new[key])), where = opened.path,
    fix = "leave it as it is, or train a new run from the start" }
end

--- A run opened with the parent's recipe at the checkpoint, standing there.
local function open_at(source, history, checkpoint, child)
  local before = journal.before(history, checkpoint)
  local opening = journal.opening(#before > 0 and before or { history[1] })
  local run = train.new(player.options(source.folder, opening, { name = child.name, runs = child.runs }))
  run.opening = opening
  return run
end

--- The parent's changes between the checkpoint at `step` and the fork; what the parent went back over is not among them.
local function changes_after(history, step)
  local later = {}
  for _, event in ipairs(history) do
    if event.event == "rollback" and event.to <= step then
      later = {}
    elseif event.event ~= "start" and event.step >= step then
      later[#later + 1] = event
    end
  end
  return later
end

local function remove_checkpoints(run, before)
  for _, step in ipairs(lorarun.checkpoint.steps(run.folder .. "/checkpoints", run.name)) do
    for _, part in ipairs(step < before and { PARTS[1], PARTS[2], ".state" } or {}) do
      system.remove(stem(run.folder, run.name, step) .. part)
    end
  end
end

--- Trains silently from the checkpoint to the step of the fork, with the parent's changes, and saves there.
local function advance(run, source, history, at)
  if run.step == at then return 0 end
  system.log(("%s has no checkpoint at step %d: goes there from step %d by its journal"):format(source.name, at, run.step))
  run.player = player.new(changes_after(history, run.step), { folder = source.folder, to = at,
    feeds_answers = run.device ~= "cpu", open_records = function() return silent end })
  run.player.opening, run.settings.render = run.opening, nil
  run.player:take_policy(run)
  run.records, run.progress = silent, progress.new(run.step, at)
  run.progress:start()
  local exit_code = loop.run(run)
  remove_checkpoints(run, at)
  return exit_code
end

--- Puts the child's own recipe in force.
local function take_recipe(run, opened)
  run.player = nil
  run.recipe, run.settings = opened, opened.settings
  run.steps = train.count_steps(run)
end

--- What the parent lived through after the fork: a child that changes nothing takes it over at the same steps.
local function later_changes(source, history, wish)
  if wish.alone or wish.recipe or wish.steps or wish.set then return nil end
  local known, later = {}, {}
  for _, event in ipairs(history) do known[event] = true end
  for _, event in ipairs(journal.before(source.events, source.last + 1)) do
    local name = event.event
    if not known[event] and name ~= "decision" and name ~= "rollback" then later[#later + 1] = event end
  end
  return #later > 0 and later or nil
end

--- Opens the data with what the child will want of it: its prompts encoded, its held-out pictures found.
local function open_loader(run, opened)
  local evaluate = run.settings.evaluate
  run.settings.render, run.settings.evaluate = opened.settings.render, opened.settings.evaluate or evaluate
  train.open_loader(run)
  run.settings.evaluate = evaluate
end

--- Makes the child and trains it; gives the exit code.
---@param parent string   folder of the parent
---@param wish table      { at, name, runs, recipe, set, steps, alone, json }
function fork.run(parent, wish)
  local source = replay.source(system.absolute(parent))
  check_step(source, wish.at)
  local history = journal.before(source.events, wish.at)
  local opened = recipe.open(child_options(source, history, wish))
  check_structure(source, opened)
  local checkpoint = newest_checkpoint(source, wish.at)
  local run = open_at(source, history, checkpoint, wish)
  train.open_data(run)
  replay.check_data(run, source)
  run_folder.open(run)
  copy_texts(source, run)
  open_loader(run, opened)
  train.open_trainer(run)
  if checkpoint > 0 then
    copy_checkpoint(source, run, checkpoint)
    train.resume(run, checkpoint)
  end
  if checkpoint == 0 and run.settings.evaluate then
    run.records = silent
    loop.evaluate(run)
  end
  local exit_code = advance(run, source, history, wish.at)
  if exit_code ~= 0 then return exit_code end
  take_recipe(run, opened)
  run_folder.keep_recipe(run)
  local later = later_changes(source, history, wish)
  if later then player.follow(run, later, journal.opening(history)) end
  if run.follows then
    system.log(("takes over what %s got after step %d (%d live changes); --alone leaves them out"):format(source.name,
      wish.at, #run.follows.events))
  end
  return train.go_on(run, wish, "fork", { parent = source.name, parent_folder = source.folder,
    history = history, follows = run.follows and later })
end

--- Whether a folder holds the child that a wish means: same parent, step, recipe and settings.
function fork.is_child(folder, parent, wish)
  local event = journal.of_kind((journal.read(folder)), "fork")[1]
  if not event or event.step ~= wish.at then return false end
  local source = replay.source(system.absolute(parent))
  if event.parent ~= source.name then return false end
  local opened = recipe.open(child_options(source, journal.before(source.events, wish.at), wish))
  return opened.hash == event.recipe and system.encode(opened.given or {}) == system.encode(event.given or {})
end

return fork
