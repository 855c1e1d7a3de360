--- `lorarun fork RUN --at STEP`: a child run that goes on from that step with another choice; the same command continues it.

local fork = require "lorarun.fork"
local player = require "lorarun.player"
local run_folder = require "lorarun.run_folder"
local train = require "lorarun.train"
local verbs = require "lorarun.verbs"

local verb = { usage = "fork RUN --at STEP [--name CHILD] [--recipe NEW.lua] [--set K=V] [--steps N] [--alone] [--runs DIR] [--json]",
  switches = { "json", "alone" }, valued = { "at", "name", "recipe", "steps", "runs" }, lists = { "set" } }

local function wish_of(arguments, parent)
  local options = verbs.recipe_options { arguments.recipe, set = arguments.set, steps = arguments.steps,
    json = arguments.json }
  options.alone = arguments.alone
  options.at = verbs.whole_number(arguments, "at")
  options.name = arguments.name or ("%s-at-%s"):format(parent:match("([^/]+)$"), tostring(options.at))
  options.runs = arguments.runs or parent:match("^(.*)/[^/]+$") or "."
  return options
end

--- Goes on with a child that an earlier call of the same words began.
local function go_on(folder, parent, wish)
  if not fork.is_child(folder, parent, wish) then
    lorarun.fail { what = "a run named " .. wish.name .. " is there already, and it is another", where = folder,
      fix = "give the child another name with --name" }
  end
  return train.run(player.own_options(folder, { json = wish.json }))
end

function verb.run(arguments)
  local parent = run_folder.find(arguments[1], arguments.runs)
  local wish = wish_of(arguments, parent)
  local folder = wish.runs .. "/" .. wish.name
  lorarun.system.catch_signals()
  if run_folder.manifest(folder) then return go_on(folder, parent, wish) end
  return fork.run(parent, wish)
end

return verb
