--- Measures of pictures, on embeddings written by hand.

local metrics = require "lorarun.picture_metrics"
local tensor = lorarun.tensor

local function rows(values) return tensor.from(values) end

test("identity is 1 for the reference itself and 0 for what is at right angles to it", function(t)
  local reference = rows { { 1, 0, 0 }, { 1, 0, 0 } }
  local same = metrics.identity(rows { { 1, 0, 0 } }, reference)
  t.near(same.centroid, 1, 1e-6)
  t.near(same.nearest, 1, 1e-6)
  t.near(metrics.identity(rows { { 0, 1, 0 } }, reference).centroid, 0, 1e-6)
end)

test("the nearest reference rises where one picture is copied, the centroid less", function(t)
  local found = metrics.identity(rows { { 0, 1 } }, rows { { 1, 0 }, { 0, 1 } })
  t.near(found.nearest, 1, 1e-6)
  t.near(found.centroid, 0.70710678, 1e-6)
end)

test("variety is the mean distance of pairs", function(t)
  t.near(metrics.variety(rows { { 1, 0 }, { 1, 0 }, { 1, 0 } }), 0, 1e-6)
  t.near(metrics.variety(rows { { 1, 0 }, { 0, 1 } }), 1, 1e-6)
  t.near(metrics.variety(rows { { 1, 0 }, { 1, 0 }, { 0, 1 } }), 0.66666667, 1e-6)
  t.equal(metrics.variety(rows { { 1, 0 } }), 0)
end)

test("nothing leaks where nothing changed", function(t)
  local base = rows { { 1, 0 }, { 0, 1 } }
  local leak = metrics.leak(base, base, rows { { 1, 0 } })
  t.equal({ leak.toward, leak.shift, leak.frechet }, { 0, 0, 0 })
  t.near(leak.moved, 0, 1e-6)
end)

test("a leak toward the reference is told from a change to another side", function(t)
  local base = rows { { 0, 1, 0 }, { 0, 1, 0 } }
  local reference = rows { { 1, 0, 0 } }
  local to = metrics.leak(base, rows { { 0.6, 0.8, 0 }, { 0.6, 0.8, 0 } }, reference)
  t.near(to.toward, 0.6, 1e-6)
  t.near(to.shift, 0.4, 1e-6)
  t.near(to.moved, 0.2, 1e-6)
  t.near(to.frechet, 0.4, 1e-6)
  t.near(metrics.leak(base, rows { { 0, 0.8, 0.6 }, { 0, 0.8, 0.6 } }, reference).toward, 0, 1e-6)
end)

test("changes that go apart cancel in the shift and show in what moved", function(t)
  local leak = metrics.leak(rows { { 0, 1 }, { 0, 1 } }, rows { { 0.6, 0.8 }, { -0.6, 0.8 } })
  t.near(leak.shift, 0.04 - 0.36, 1e-6)
  t.near(leak.moved, 0.2, 1e-6)
  t.equal(leak.toward, nil)
end)

test("a prompt is followed by the part of its attributes that is found", function(t)
  local function seen(value) return { value = value, probability = 0.9 } end
  local found = { { colour = seen "green", place = seen "snow" }, { colour = seen "red", place = seen "snow" } }
  local following = metrics.following({ { colour = "green", place = "grass" }, { colour = "red" } }, found)
  t.near(following.all, 0.66666667, 1e-6)
  t.equal(following.by, { colour = 1, place = 0 })
  t.fails(function() metrics.following({ { shape = "round" } }, found) end, "does not classify 'shape'")
end)

test("psnr is 20 dB for an error of a tenth, and can look into a box", function(t)
  local picture = tensor.zeros({ 3, 4, 4 })
  local rebuilt = picture:clone()
  rebuilt:narrow(3, 1, 2):copy_(tensor.full({ 3, 4, 2 }, 0.1))
  t.near(metrics.psnr(picture, rebuilt, { x = 0, y = 1, width = 2, height = 2 }), 20, 1e-4)
  t.near(metrics.psnr(picture, rebuilt), 23.0103, 1e-4)
  t.equal(metrics.psnr(picture, rebuilt, { x = 2, y = 0, width = 2, height = 4 }), 100)
end)
