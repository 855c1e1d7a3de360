--- The best checkpoints of a run: kept from pruning, named in best.json, the very best one under a name that stays.
--
--   best.json                      { "keep_best#1": [ { step, value, file }, … ] }, best first
--   checkpoints/best.safetensors   a copy of the first one of the first policy

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

local function file_of(run, step) return ("checkpoints/%s-%06d.safetensors"):format(run.name, step) end

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
end

return best
