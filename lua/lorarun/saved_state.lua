--- What of a run stands in its checkpoints beside weights and moments, and coming back to one.

local ready_policies = require "lorarun.ready_policies"
local run_stats = require "lorarun.run_stats"
local text_encoders = require "lorarun.text_encoders"

local saved_state = {}

--- Fields of the run that are saved and restored as they are.
local FIELDS = { "step", "answer", "last_answer", "epoch", "tweaks", "last_tweak", "state_version", "evaluation", "rollbacks" }

--- Gives the plain data of a checkpoint.
function saved_state.of(run)
  local saved = { cursor = run.loader:cursor(), state = run.state, statistics = run.statistics,
    policies = run.policy_state }
  for _, name in ipairs(FIELDS) do saved[name] = run[name] end
  saved.state_version = run.settings.version
  return saved
end

--- Loads the newest checkpoint at or before `at_most`; true when there was one.
function saved_state.load(run, at_most)
  local saved = lorarun.checkpoint.load(run.trainer,
    { folder = run.folder .. "/checkpoints", name = run.name, at_most = at_most })
  if not saved then return false end
  run.loader:seek(saved.cursor)
  for _, name in ipairs(FIELDS) do run[name] = saved[name] end
  run.saved, run.state, run.policy_state = run.step, saved.state or {}, saved.policies or {}
  run.statistics = saved.statistics or run_stats.new()
  run.last = run.statistics
  ready_policies.count_rollbacks(run)
  text_encoders.forget(run)
  return true
end

return saved_state
