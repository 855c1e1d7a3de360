--- What a policy call costs: round trips to the policy process.
--
--   run     lorarun --trust bench/policy_calls.lua [CALLS]     100,000 when absent
--   prints  one JSON line: mean, median, p99, p99.9 and the worst, in microseconds; memory of both processes

local CALLS = tonumber(arg[1] or "100000")

local recipe = require "lorarun.recipe"

local TEXT = [[return recipe { on = { step = function(state, run)
  state.calls = (state.calls or 0) + 1
  return { lr = 1e-4 * (1 - run.progress), clip = run.progress < 0.5 and 1 or 0.5 }
end } }]]

local function memory_kb(pid)
  for line in io.lines("/proc/" .. pid .. "/status") do
    local kb = line:match("^VmRSS:%s+(%d+)")
    if kb then return tonumber(kb) end
  end
end

local policy = recipe.policy(TEXT, "bench")
local times, state = {}, {}
local before, answer
for step = 1, CALLS do
  local run = { step = step, steps = CALLS, progress = (step - 1) / CALLS, lr = 1e-4, loss = 0.5, mean_loss = 0.5, seed = 42 }
  local started = lorarun.system.seconds()
  answer, state = policy:decide("step", state, run)
  times[step] = (lorarun.system.seconds() - started) * 1e6
  if step == 1000 then before = { memory_kb(policy:pid()), memory_kb("self") } end
end
assert(answer.clip == 0.5 and state.calls == CALLS)

local sum = 0
for _, time in ipairs(times) do sum = sum + time end
table.sort(times)
local function at(part) return times[math.max(1, math.ceil(part * CALLS))] end
local function round(value) return math.floor(value * 10 + 0.5) / 10 end
print(lorarun.system.encode { calls = CALLS, mean_us = round(sum / CALLS), p50_us = round(at(0.5)), p99_us = round(at(0.99)),
  p999_us = round(at(0.999)), worst_us = round(times[CALLS]), restarts = policy:restarts(),
  policy_grew_kb = memory_kb(policy:pid()) - (before and before[1] or 0),
  trainer_grew_kb = memory_kb("self") - (before and before[2] or 0) })
