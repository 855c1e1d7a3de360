--- A recipe's text that may take the place of the one in force.
--
--   text --compile, schema--> recipe --same structure?--> --state migrated--> --rehearsed to the last step--> candidate
--
-- Nothing of the run is touched: it sees the run through a copy that reads through to it, and the recipe's
-- hooks see copies of the state. Whatever does not fit raises an error that says what, where and how to fix.

local check = require "lorarun.check"
local given = require "lorarun.given"
local knobs = require "lorarun.knobs"
local plan = require "lorarun.plan"
local recipe = require "lorarun.recipe"
local render = require "lorarun.render"
local run_folder = require "lorarun.run_folder"

local candidate = {}

local MOST_COMPARED = 20000
local MOST_TRIED_OFTEN = 2000 -- a longer rest is rehearsed on two losses instead of four: training waits meanwhile

--- The same command line over another text.
local function options_of(run, text)
  return given.options(run.recipe.given, { recipe = run.recipe.path, text = text })
end

local function steps_of(run, opened)
  local s = opened.settings
  local steps = s.steps or math.max(1, math.floor(s.epochs * run.steps_per_epoch + 0.5))
  if steps < run.step then
    lorarun.fail { what = ("steps = %d is behind the run, which stands at step %d"):format(steps, run.step),
      where = opened.path .. ", steps", fix = ("give at least %d"):format(run.step) }
  end
  return steps
end

--- The state as the new recipe wants it.
---@param opened table        the new recipe
---@param state table
---@param from integer?       the version that the state is of
function candidate.state(opened, state, from)
  local to = opened.settings.version
  if from == nil or from == to then return state end
  if not opened.settings.migrate then
    lorarun.fail { what = ("the state is of version %s and the recipe of version %s, which has no migrate"):format(from, to),
      where = opened.path .. ", version", fix = "add migrate = function(state, from) … return state end" }
  end
  return opened.policy:migrate(state, from)
end

--- Encodes prompts that no run of these pictures has drawn yet.
local function encode_prompts(run, settings)
  local old, new = render.prompts(run.settings), render.prompts(settings)
  if #new > 0 and table.concat(old, "\n") ~= table.concat(new, "\n") then
    lorarun.data.encode(run.dataset, run.model, run.cache, new)
  end
end

--- The decision of the next step, as it will really be asked.
local function first_decision(trial)
  local step = trial.step + 1
  if not trial.recipe.policy:has("step") or step > trial.steps then return end
  local answer = trial.recipe.policy:decide("step", trial.state, knobs.snapshot(trial, step))
  check.knobs(answer, trial.recipe.path .. ", on.step at step " .. step)
end

local function check_rates(trial, planned)
  for i, lr in ipairs(planned.columns.lr or {}) do
    if lr ~= lr or lr < 0 or lr == math.huge then
      lorarun.fail { what = ("the learning rate of step %d would be %s"):format(planned.from + i, lr),
        where = trial.recipe.path, fix = "look at optimizer.lr, schedule and phases" }
    end
  end
end

--- What a plan, which is on a flat loss, does not try.
local function traces_of(trial, planned)
  if not planned then return { "flat" } end
  return trial.steps - trial.step > MOST_TRIED_OFTEN and { "noisy" } or { "noisy", "spike", "rising" }
end

--- Tries every hook to the last step, on losses of several kinds; gives the plan.
local function rehearse(trial)
  first_decision(trial)
  local is_long = trial.steps - trial.step > MOST_COMPARED
  local planned = not is_long and plan.of(trial, { from = trial.step })
  if planned then check_rates(trial, planned) end
  plan.dry_run(trial.recipe.policy, trial.settings, trial.state, trial.step, trial.steps,
    { place = trial.recipe.path, tweaks = trial.tweaks, steps_per_epoch = trial.steps_per_epoch,
      traces = traces_of(trial, planned) })
  return planned
end

local function without_hooks(settings)
  local rest = {}
  for key, value in pairs(settings) do rest[key] = value end
  rest.on, rest.migrate = nil, nil
  return rest
end

--- The plan of the recipe in force; nothing where the rest is too long to compare, or its hooks fail.
local function plan_in_force(run)
  if run.steps - run.step > MOST_COMPARED then return nil end
  local good, planned = pcall(plan.of, run, { from = run.step })
  return good and planned or nil
end

local function empty_plan() return { from = 0, count = 0, columns = {} } end

--- What differs in settings, and in the plans of the steps that both have.
local function difference(run, trial, after)
  local before = after and plan_in_force(run)
  if not before then before, after = empty_plan(), empty_plan() end
  local count = math.min(before.count, after.count)
  before.count, after.count = count, count
  before.settings, after.settings = without_hooks(run.settings), without_hooks(trial.settings)
  return plan.diff(before, after)
end

--- Opens a text as a candidate for the run.  Raises an error when it cannot follow the recipe in force.
---@param run table
---@param text string
---@param from integer?   the version of the run's state, when it is not the recipe's in force
---@return table candidate   { recipe, settings, state, steps, diff }
function candidate.open(run, text, from)
  local opened = recipe.open(options_of(run, text))
  local good, result = pcall(function()
    run_folder.check_reload(run, opened)
    local trial = setmetatable({ recipe = opened, settings = opened.settings, records = false }, { __index = run })
    trial.steps = steps_of(run, opened)
    trial.state = candidate.state(opened, run.state, from or run.settings.version)
    local planned = rehearse(trial)
    encode_prompts(run, opened.settings)
    return { recipe = opened, settings = opened.settings, state = trial.state, steps = trial.steps,
      diff = difference(run, trial, planned) }
  end)
  if good then return result end
  opened.policy:free()
  error(result, 0)
end

return candidate
