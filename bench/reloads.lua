--- Reloads one after another: time of each, and memory before and after.
--
--   lorarun --trust bench/reloads.lua [reloads]        default 1000; prints one JSON object
--
-- The run stands at its first step and trains nothing: what is measured is compile, check, rehearsal, swap and the
-- two lines of the journal's kind. Every tenth text is broken and refused.

local recipe = require "lorarun.recipe"
local reload = require "lorarun.reload"

local system = lorarun.system

local WARM_UP = 100

local function text_of(i)
  return ([[return recipe { name = 'bench', steps = 10, model = flux { path = 'm' }, network = lora { rank = 2 },
    data = { images { dir = 'd' } }, clip = %d,
    on = { step = function(state) state.n = (state.n or 0) + %d return { lr = 1e-5 } end } }]]):format(1 + i % 7, i % 99)
end

local function new_run(folder)
  system.write(folder .. "/r.lua", text_of(0))
  local opened = recipe.open { recipe = folder .. "/r.lua" }
  local silent = function() end
  return { recipe = opened, settings = opened.settings, steps = 10, step = 0, steps_per_epoch = 10, state = {}, last = {},
    epoch = 0, name = "bench", folder = folder, device = "cpu", records = { event = silent } }
end

local function turn(run, i)
  local broken = i % 10 == 0
  local outcome = reload.now(run, broken and text_of(i) .. " }" or text_of(i))
  assert(outcome.accepted ~= broken, outcome.text)
end

local function process_bytes()
  collectgarbage()
  collectgarbage()
  return lorarun.memory().process_bytes
end

local reloads = tonumber(arg and arg[1]) or 1000
local folder = system.temporary_folder()
local run = new_run(folder)
for i = 1, WARM_UP do turn(run, i) end
local before, start = process_bytes(), system.seconds()
for i = 1, reloads do turn(run, i) end
local seconds = system.seconds() - start
local after = process_bytes()
system.remove(folder)
print(system.encode { reloads = reloads, milliseconds_each = 1e3 * seconds / reloads, process_bytes_before = before,
  process_bytes_after = after, growth_bytes_each = (after - before) / reloads })
