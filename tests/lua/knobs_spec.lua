--- The layers of a step's knobs.

local knobs = require "lorarun.knobs"
local phases = require "lorarun.phases"

local function run_of(settings)
  local base = { optimizer = { lr = 1e-3 }, schedule = { kind = "constant" }, timesteps = { kind = "sigmoid" },
    loss = { kind = "mse" }, guidance = 1, clip = 1, ema = 0, save = { every = 10 } }
  for key, value in pairs(settings) do base[key] = value end
  return { settings = base, steps = 100, step = 0, state = {}, last = {}, epoch = 0, name = "run" }
end

test("a phase holds from its first to its last step", function(t)
  local run = run_of { phases = { { from = 0.8, lr = 3e-5 }, { from = 10, to = 20, clip = 0.5 } } }
  t.equal({ knobs.below(run, 80).lr, knobs.below(run, 81).lr, knobs.below(run, 100).lr }, { 1e-3, 3e-5, 3e-5 })
  t.equal({ knobs.below(run, 9).clip, knobs.below(run, 10).clip, knobs.below(run, 20).clip, knobs.below(run, 21).clip },
    { 1, 0.5, 0.5, 1 })
end)

test("phases by epoch count steps of an epoch", function(t)
  t.equal({ phases.span({ from_epoch = 2, to_epoch = 3 }, 100, 10) }, { 21, 30 })
end)

test("a schedule in a phase runs over the phase's own span", function(t)
  local run = run_of { phases = { { from = 51, lr = { kind = "linear" } } } }
  t.equal({ knobs.below(run, 50).lr, knobs.below(run, 51).lr, knobs.below(run, 76).lr }, { 1e-3, 1e-3, 5e-4 })
end)

test("text_encoder means every encoder, and one encoder stands above it", function(t)
  local decided = {}
  knobs.merge(decided, { text_encoder = { lr = 1e-5 }, t5 = { train = false } })
  t.equal(decided, { clip_l = { lr = 1e-5 }, t5 = { lr = 1e-5, train = false } })
end)

test("a tweak stands above the hook's answer", function(t)
  local run = run_of {}
  run.tweaks = { { id = 1, key = "lr", value = 5e-5, from = 10, to = 19 } }
  local function lr(step) return knobs.above(run, step, knobs.below(run, step), { lr = 2e-3 }).lr end
  t.equal({ lr(9), lr(10), lr(19), lr(20) }, { 2e-3, 5e-5, 5e-5, 2e-3 })
end)

test("a rate wakes a group that rests, unless its layer says otherwise", function(t)
  local decided = { clip_l = { train = false }, t5 = { train = false }, transformer = { train = false } }
  knobs.merge(decided, { clip_l = { lr = 1e-5 }, t5 = { lr = 1e-5, train = false }, transformer = { lr = 0 } })
  t.equal(decided, { clip_l = { lr = 1e-5, train = true }, t5 = { lr = 1e-5, train = false },
    transformer = { lr = 0, train = false } })
end)

test("the trainer gets rates and switches by group", function(t)
  t.equal(knobs.for_trainer { lr = 1, clip_l = { lr = 2, train = true }, t5 = { train = false }, save = { every = 1 } },
    { lr = 1, group_lr = { clip_l = 2 }, group_trains = { clip_l = true, t5 = false } })
end)
