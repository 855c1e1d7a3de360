--- Schedules: factors of the learning rate over the run.

local function factors(name, opts)
  local factor = require("lorarun.schedule." .. name).new(opts)
  return { factor(0), factor(0.05), factor(0.1), factor(0.55), factor(1) }
end

test("cosine warms up, decays by half a cosine and ends at its floor", function(t)
  local f = factors("cosine", { warmup = 0.1, floor = 0.05 })
  t.near(f[1], 0)
  t.near(f[2], 0.5)
  t.near(f[3], 1)
  t.near(f[4], 0.525)
  t.near(f[5], 0.05)
end)

test("linear decays evenly", function(t)
  local f = factors("linear", { warmup = 0.1 })
  t.near(f[3], 1)
  t.near(f[4], 0.5)
  t.near(f[5], 0)
end)

test("constant stays after the warm-up", function(t)
  local f = factors("constant", { warmup = 0.1 })
  t.near(f[2], 0.5)
  t.near(f[5], 1)
  t.near(factors("constant")[1], 1)
end)
