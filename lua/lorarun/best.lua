--- The best checkpoints of a run: kept from pruning, named in best.json, the very best one under a name that stays.
--
--   best.json                      { "keep_best#1": [ { step, value, file }, … ] }, best first
--   checkpoints/best.safetensors   a copy of the first one of the first policy
--
-- A checkpoint that was written only because it was among the best goes when it is no longer.

local ready_policies = require "lorarun.ready_policies"

local best = {}

local system = lorarun.system

--- Gives the steps whose checkpoints must stay.
function best.pinned(run)
  local steps, seen = {}, {}
  for _, list in ipairs(ready_policies.kept(run)) do
    for _, one in ipairs(list.kept) do
      if not seen[one.step] then steps[#steps + 1] = one.step end
      seen[one.step] = true
    end
  end
  return steps
end

local function stem_of(run, step) return ("checkpoints/%s-%06d"):format(run.name, step) end
local function file_of(run, step) return stem_of(run, step) .. ".safetensors" end

--- Removes a whole checkpoint.
function best.remove(run, step)
  for _, ending in ipairs { ".safetensors", ".raw.safetensors", ".state" } do
    local path = run.folder .. "/" .. stem_of(run, step) .. ending
    if system.exists(path) then system.remove(path) end
  end
end

--- Notes that the step is saved now for no other reason than that it is among the best.
function best.note(run)
  run.only_best = run.only_best or {}
  table.insert(run.only_best, run.step)
end

--- Removes what was saved for being among the best and is not any more.
local function remove_surpassed(run)
  local pinned, left = {}, {}
  for _, step in ipairs(best.pinned(run)) do pinned[step] = true end
  for _, step in ipairs(run.only_best or {}) do
    if pinned[step] or step == run.step then
      left[#left + 1] = step
    else
      best.remove(run, step)
    end
  end
  run.only_best = left
end

local function copy_best(run, step)
  if run.best_copied == step then return end
  local from = run.folder .. "/" .. file_of(run, step)
  if not system.exists(from) then return end
  system.copy(from, run.folder .. "/checkpoints/best.safetensors")
  run.best_copied = step
end

--- Writes best.json and the copy, when a policy keeps any.
function best.write(run)
  local lists, named = ready_policies.kept(run), {}
  if not lists[1] then return end
  for _, list in ipairs(lists) do
    named[list.id] = {}
    for i, one in ipairs(list.kept) do
      named[list.id][i] = { step = one.step, value = one.value, file = file_of(run, one.step) }
    end
  end
  system.write(run.folder .. "/best.json", system.encode_pretty(named) .. "\n")
  copy_best(run, lists[1].kept[1].step)
  remove_surpassed(run)
end

return best
