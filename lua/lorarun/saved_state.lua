--- What of a run stands in its checkpoints beside weights and moments, and coming back to one.

local candidate = require "lorarun.candidate"
local ready_policies = require "lorarun.ready_policies"
local run_stats = require "lorarun.run_stats"
local text_encoders = require "lorarun.text_encoders"

local saved_state = {}

--- Fields of the run that are saved and restored as they are.
local FIELDS = { "step", "answer", "last_answer", "epoch", "tweaks", "last_tweak", "state_version", "evaluation", "rollbacks",
  "only_best" }

--- Gives the plain data of a checkpoint.
function saved_state.of(run)
  local saved = { cursor = run.loader:cursor(), state = run.state, statistics = run.statistics,
    policies = run.policy_state }
  for _, name in ipairs(FIELDS) do saved[name] = run[name] end
  saved.state_version = run.settings.version
  return saved
end

--- The policy's state as the recipe in force wants it. While a run goes, a state that cannot be brought into shape
--- does not stop it: the state of now stays.
local function state_of(run, saved)
  local good, state = pcall(candidate.state, run.recipe, saved.state or {}, saved.state_version)
  if good then return state end
  if not run.records then error(state, 0) end
  run.records:event(run.step, "warn", { key = "migrate", what = tostring(state) })
  return run.state
end

--- Loads the newest checkpoint at or before `at_most`; true when there was one.
function saved_state.load(run, at_most)
  local saved = lorarun.checkpoint.load(run.trainer,
    { folder = run.folder .. "/checkpoints", name = run.name, at_most = at_most })
  if not saved then return false end
  run.loader:seek(saved.cursor)
  for _, name in ipairs(FIELDS) do run[name] = saved[name] end
  run.saved, run.policy_state = run.step, saved.policies or {}
  run.state, run.state_version = state_of(run, saved), run.settings.version
  run.statistics = saved.statistics or run_stats.new()
  run.last = run.statistics
  ready_policies.count_rollbacks(run)
  text_encoders.forget(run)
  return true
end

return saved_state
