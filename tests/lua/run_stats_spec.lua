local run_stats = require "lorarun.run_stats"

local function after(losses, sigma)
  local statistics = run_stats.new()
  for _, loss in ipairs(losses) do
    run_stats.remember(statistics, { loss = loss, losses = { loss }, sigma = { sigma or 0.3 }, grad_norm = 0.5 })
  end
  return statistics
end

test("the mean loss takes 5 % of each new loss", function(t)
  t.near(after({ 1, 2 }).mean_loss, 1.05, 1e-12)
  t.near(after({ 1, 2, 0 }).mean_loss, 0.9975, 1e-12)
end)

test("the slope is the least-squares line over the window, per 100 steps", function(t)
  t.equal(after({ 1 }).loss_slope, 0)
  t.near(after({ 4, 3, 2, 1 }).loss_slope, -100, 1e-9)
  t.near(after({ 1, 1, 2, 2 }).loss_slope, 40, 1e-9)
end)

test("the window holds the last 100 losses in the order of time", function(t)
  local losses = {}
  for i = 1, 250 do losses[i] = i <= 150 and 1000 or i end
  local statistics = after(losses)
  t.equal(#statistics.window, 100)
  t.near(statistics.loss_slope, 100, 1e-9)
  t.near(statistics.loss_variance, 833.25, 1e-9)
end)

test("each sample's own loss goes to the band of its sigma", function(t)
  local statistics = run_stats.new()
  run_stats.remember(statistics, { loss = 2, losses = { 1, 3, 5 }, sigma = { 0.1, 0.76, 1.0 }, grad_norm = 1 })
  t.equal(statistics.bands[1], { low = 0, high = 0.25, count = 1, mean = 1, variance = 0 })
  t.equal(statistics.bands[2].count, 0)
  t.near(statistics.bands[4].mean, 3.2, 1e-12)
  t.near(statistics.bands[4].variance, 0.36, 1e-12)
  t.equal(statistics.images, 3)
end)

test("statistics that were saved and read back go on to the bit", function(t)
  local losses = {}
  for i = 1, 130 do losses[i] = 0.3 + 0.1 * math.sin(i * 1.7) end
  local whole, part = after(losses), after({ unpack(losses, 1, 57) })
  part = lorarun.system.decode(lorarun.system.encode(part), "the statistics")
  for i = 58, 130 do
    run_stats.remember(part, { loss = losses[i], losses = { losses[i] }, sigma = { 0.3 }, grad_norm = 0.5 })
  end
  t.equal(lorarun.system.encode(part), lorarun.system.encode(whole))
end)

test("a snapshot shares nothing with the run", function(t)
  local run = { statistics = after { 1, 2 }, evaluation = { step = 2, heldout_loss = 0.4, history = {} } }
  local seen = run_stats.snapshot(run)
  seen.bands[1].count, seen.evaluation.heldout_loss = 77, 0
  t.equal(run.statistics.bands[1].count, 0)
  t.equal(run.evaluation.heldout_loss, 0.4)
  t.equal(run_stats.snapshot({}).images, 0)
end)
