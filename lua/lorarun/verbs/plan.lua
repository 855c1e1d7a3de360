--- `lorarun plan RECIPE [--steps N]`: shows what a recipe will do at every step and what it takes, without weights, a GPU or data.

local cost = require "lorarun.plan.cost"
local memory = require "lorarun.plan.memory"
local plan = require "lorarun.plan"
local pictures = require "lorarun.plan.pictures"
local recipe = require "lorarun.recipe"
local text = require "lorarun.plan.text"
local verbs = require "lorarun.verbs"

local system = lorarun.system

local verb = verbs.with_recipe_flags {
  usage = "plan RECIPE [--set KEY=VALUE] [--steps N] [--at STEP] [--html FILE] [--png FILE] [--json], or plan --diff A B",
  switches = { "diff" }, valued = { "at", "html", "png" },
}

--- Steps of an epoch, as near as the files say.
local function steps_per_epoch(settings)
  local count = pictures.of_epoch(settings) or 0
  return count > 0 and count / (settings.batch * settings.accumulate) or nil
end

local function planned(options)
  local opened = recipe.open(options)
  local per_epoch = steps_per_epoch(opened.settings)
  local steps = opened.settings.steps
    or (per_epoch and math.max(1, math.floor(opened.settings.epochs * per_epoch + 0.5)))
  return plan.of(opened, { steps = steps, steps_per_epoch = per_epoch }), opened
end

local function check_word(arguments, count)
  if arguments[count] and not arguments[count + 1] then return end
  lorarun.fail { what = arguments[count] and "too many words" or "no recipe is named", where = "the command line",
    fix = "usage: lorarun " .. verb.usage }
end

local function show_difference(arguments)
  check_word(arguments, 2)
  local options = verbs.recipe_options(arguments)
  local old = planned(options)
  arguments[1] = arguments[2]
  local new = planned(verbs.recipe_options(arguments))
  local diff = plan.diff(old, new)
  print(arguments.json and system.encode(diff) or diff.text)
  return 0
end

local function show_step(p, arguments)
  local step = verbs.whole_number(arguments, "at")
  if step < p.from + 1 or step > p.from + p.count then
    lorarun.fail { what = ("step %d is not in the plan"):format(step), where = "--at",
      fix = ("give a step from %d to %d"):format(p.from + 1, p.from + p.count) }
  end
  local row = plan.at(p, step)
  print(arguments.json and system.encode(row) or text.knobs(row, step))
  return 0
end

--- What the run's device has, where it is here and tells its size.
local function device_of(settings)
  local here, has = pcall(lorarun.device_memory.of, settings.device)
  return here and has or nil
end

--- What the run will hold, where the base model's configs are there; else nothing and why not.
local function memory_of(settings)
  local has = device_of(settings)
  local done, expected = pcall(memory.of, settings, { free = has and has.free })
  if done then
    expected.remedies, expected.least = memory.remedies(settings, expected)
    expected.free = has and has.free
    return expected
  end
  return nil, ("%s at %s"):format(tostring(expected):match("[^\n]+"), settings.model.path)
end

local function as_json(p, measured, expected, why_not)
  return system.encode { name = p.name, steps = p.steps, planned = p.count, changes = p.changes, segments = p.segments,
    events = p.events, problems = p.problems, stop = p.stop, cost = measured, memory = expected or { why_not = why_not } }
end

function verb.run(arguments)
  if arguments.diff then return show_difference(arguments) end
  check_word(arguments, 1)
  local p, opened = planned(verbs.recipe_options(arguments))
  if arguments.at then return show_step(p, arguments) end
  local measured = cost.of((arguments.runs or "runs") .. "/" .. p.name)
  local expected, why_not = memory_of(opened.settings)
  local options = { memory = expected, why_not = why_not, groups = plan.groups(p), cost = measured, first = plan.at(p, p.from + 1),
    width = math.min(100, system.terminal() or 80) }
  if arguments.html then system.write(arguments.html, require("lorarun.plan.page").of(p, options)) end
  if arguments.png then require("lorarun.plan.picture").write(p, options, arguments.png) end
  print(arguments.json and as_json(p, measured, expected, why_not) or text.of(p, options))
  return 0
end

return verb
