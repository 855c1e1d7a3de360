--- Trains the embedder of the drawn world, and says how well it sees.
--
--   run     ./lorarun recipes/tiny_flux/embedder.lua --trust
--   options --steps N   (stop there; the schedule stays that of the whole training)   --out runs/tiny_flux_embedder
--   leaves  OUT/pool/ (12,000 pictures of 64 px), OUT/state.safetensors, OUT/embedder/ (config.json, weights in bfloat16)
--   then    cp OUT/embedder/* examples/quickstart/base/embedder/
--
-- Killed and started again it goes on from OUT/state.safetensors, every 100 steps, to the same bits. The parts:
-- embedder_pool.lua what is seen, embedder_training.lua a step, embedder_judge.lua the held-out figures;
-- lua/lorarun/embedders/creature.lua is the network.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local room = dofile(here .. "/../../examples/creatures/draw/init.lua")
local creature = require "lorarun.embedders.creature"
local pool = assert(loadfile(here .. "/embedder_pool.lua"))(room)
local training = assert(loadfile(here .. "/embedder_training.lua"))(creature, pool)
local judge = assert(loadfile(here .. "/embedder_judge.lua"))(room, pool)
local system, tensor = lorarun.system, lorarun.tensor

local FAMILIES, SAVE_EVERY, SAY_EVERY = 1500, 100, 20

local function options(words)
  local given = { steps = training.STEPS, out = "runs/tiny_flux_embedder" }
  for i = 1, #words, 2 do
    local name = words[i]:match("^%-%-(%w+)$")
    if given[name] == nil or not words[i + 1] then error("no option " .. words[i] .. "; options: --steps N --out DIR", 0) end
    given[name] = type(given[name]) == "number" and (tonumber(words[i + 1]) or error("--steps needs a number", 0)) or words[i + 1]
  end
  return given
end

local function train(state, data, heads, given)
  local path, started = given.out .. "/state.safetensors", system.seconds()
  local first = state.step
  while state.step < given.steps do
    local loss, identity = training.step(state, data, heads)
    if state.step <= 5 or state.step % SAY_EVERY == 0 then
      print(("step %4d  loss %.6f  identity %.6f  %.2f s a step"):format(state.step, loss, identity,
        (system.seconds() - started) / (state.step - first)))
      io.stdout:flush()
    end
    if state.step % SAVE_EVERY == 0 or state.step == given.steps then training.save(path, state) end
  end
end

local function export(folder, state, heads, figures)
  system.make_folder(folder)
  local weights = {}
  for _, name in ipairs(state.names) do weights[name] = state.weights[name]:detach():to("bfloat16") end
  tensor.save(folder .. "/model.safetensors", weights, { format = "pt" })
  system.write(folder .. "/config.json", system.encode_pretty({ kind = "creature", name = "creature",
    heads = heads, dimensions = creature.dimensions, size_px = creature.size_px, steps = state.step,
    seed = training.SEED, figures = figures }) .. "\n")
end

local given = options(arg)
local heads, data = pool.heads(), {}
system.make_folder(given.out)
data.pictures, data.labels = pool.open(given.out .. "/pool", training.SEED, FAMILIES, creature.size_px)
local state = training.start(heads)
if system.exists(given.out .. "/state.safetensors") then training.load(given.out .. "/state.safetensors", state) end
train(state, data, heads, given)
export(given.out .. "/embedder", state, heads)
local embedder = require("lorarun.embedder").open(given.out .. "/embedder")
local figures = judge.figures(embedder, given.out .. "/pool")
judge.say(figures)
export(given.out .. "/embedder", state, heads, figures)
