--- Going back to a checkpoint and on from there with changed knobs.
--
--   step 160: the loss jumps --> checkpoint 150 again --> 151 (second attempt) …
--
-- Weights, moments, position, states and statistics are those of the checkpoint; only the list run.rollbacks goes on.
-- The checkpoint is written again with that list, so that a kill now or later changes nothing. Lines of metrics
-- that are trained again carry "attempt": 2; LoRA files of steps that are given up move to checkpoints/attempt-1/.

local best = require "lorarun.best"
local ready_policies = require "lorarun.ready_policies"
local records = require "lorarun.records"
local saved_state = require "lorarun.saved_state"

local go_back = {}

--- The number of this attempt, from 1.
function go_back.attempt(run) return #(run.rollbacks or {}) + 1 end

local function checkpoints(run) return lorarun.checkpoint.steps(run.folder .. "/checkpoints", run.name) end

--- The checkpoint that a wish means, or nothing.
local function target(run, wish)
  if wish.step then return wish.step end
  local keeper = wish.to == "best" and ready_policies.kept(run)[1]
  local newest
  for _, step in ipairs(checkpoints(run)) do
    if keeper and step == keeper.kept[1].step then return step end
    if step < run.step then newest = step end
  end
  return newest
end

--- Puts the LoRA files after a step aside and removes their states.
local function give_up_after(run, step)
  local folder = run.folder .. "/checkpoints"
  local aside = folder .. "/attempt-" .. go_back.attempt(run)
  for _, later in ipairs(checkpoints(run)) do
    local stem = ("%s-%06d"):format(run.name, later)
    if later > step then
      lorarun.system.make_folder(aside)
      lorarun.system.copy(folder .. "/" .. stem .. ".safetensors", aside .. "/" .. stem .. ".safetensors")
      best.remove(run, later)
    end
  end
end

--- Does what a policy wishes; true when the run stands at a checkpoint again. `save` writes a checkpoint.
---@param wish { policy: string, to: string, why: string, step: integer? }   step: exactly there
function go_back.to(run, wish, save)
  local from, step = run.step, target(run, wish)
  if not step then
    run.records:event(from, "warn", { key = wish.policy, what = wish.why .. "; there is no checkpoint to go back to" })
    run.progress:say(("step %d, %s: %s; there is no checkpoint to go back to"):format(from, wish.policy, wish.why))
    return false
  end
  local rollbacks = { unpack(run.rollbacks or {}) }
  rollbacks[#rollbacks + 1] = { policy = wish.policy, from = from, to = step }
  run.records:event(from, "rollback", { key = wish.policy, from = from, to = step, why = wish.why, attempt = #rollbacks + 1 })
  run.progress:say(("step %d, %s: %s; back to step %d"):format(from, wish.policy, wish.why, step))
  give_up_after(run, step)
  saved_state.load(run, step)
  run.rollbacks = rollbacks
  ready_policies.count_rollbacks(run)
  run.progress.mean_loss = nil
  run.records:close()
  run.records = run.player and run.player:records(run) or records.open(run.folder, run.step, go_back.attempt(run))
  save(run)
  return true
end

return go_back
