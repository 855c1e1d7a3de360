--- Schedules: factors of the learning rate over a span.

local check = require "lorarun.check"
local schedule = require "lorarun.schedule"

local PLACES = { 0, 0.05, 0.1, 0.55, 1 }

local function factors(spec, places)
  local factor, values = schedule.new(spec), {}
  for i, place in ipairs(places or PLACES) do values[i] = factor(place) end
  return values
end

local function near(t, got, expected)
  t.equal(#got, #expected)
  for i in ipairs(expected) do t.near(got[i], expected[i], 1e-9) end
end

local function settings(schedule_text)
  return check.settings({ steps = 10, model = { kind = "flux", path = "m" }, network = "lora", data = { kind = "images", dir = "d" },
    schedule = schedule_text }, "r.lua").schedule
end

test("cosine warms up, decays by half a cosine and ends at its floor", function(t)
  near(t, factors { kind = "cosine", warmup = 0.1, floor = 0.05 }, { 0, 0.5, 1, 0.525, 0.05 })
end)

test("linear decays evenly", function(t)
  near(t, factors { kind = "linear", warmup = 0.1 }, { 0, 0.5, 1, 0.5, 0 })
end)

test("constant stays after the warm-up", function(t)
  near(t, factors { kind = "constant", warmup = 0.1 }, { 0, 0.5, 1, 1, 1 })
  near(t, factors { kind = "constant" }, { 1, 1, 1, 1, 1 })
end)

test("scale is an option of every schedule and a schedule of its own", function(t)
  near(t, factors { kind = "linear", scale = 0.5 }, { 0.5, 0.475, 0.45, 0.225, 0 })
  near(t, factors { kind = "scale", 0.5, { kind = "linear" } }, { 0.5, 0.475, 0.45, 0.225, 0 })
end)

test("warmup { 0.1, cosine {} } is cosine { warmup = 0.1 }", function(t)
  near(t, factors { kind = "warmup", 0.1, { kind = "cosine", floor = 0.05 } }, { 0, 0.5, 1, 0.525, 0.05 })
end)

test("a chain gives each schedule its part of the span", function(t)
  near(t, factors({ kind = "chain", { kind = "constant", part = 0.3 }, { kind = "cosine", part = 0.7, floor = 0.1 } },
    { 0, 0.29, 0.3, 0.65, 1 }), { 1, 1, 1, 0.55, 0.1 })
end)

test("parts of a chain without a share divide what is left", function(t)
  near(t, factors({ kind = "chain", { kind = "constant", part = 0.5 }, { kind = "linear" }, { kind = "constant", scale = 0.25 } },
    { 0.4, 0.5, 0.625, 0.76 }), { 1, 1, 0.5, 0.25 })
end)

test("inverse_sqrt has fallen to half after three time scales", function(t)
  near(t, factors({ kind = "inverse_sqrt", timescale = 0.25 }, { 0, 0.25, 0.75 }), { 1, 0.70710678118655, 0.5 })
end)

test("warmup_stable_decay rises, stays and falls in the shape asked for", function(t)
  local places = { 0, 0.025, 0.05, 0.5, 0.8, 0.9, 0.95, 1 }
  near(t, factors({ kind = "warmup_stable_decay" }, places), { 0, 0.5, 1, 1, 1, 0.5, 0.25, 0 })
  near(t, factors({ kind = "warmup_stable_decay", shape = "sqrt" }, places), { 0, 0.5, 1, 1, 1, 0.2928932188134524, 0.1339745962155614, 0 })
  near(t, factors({ kind = "warmup_stable_decay", shape = "cosine", floor = 0.5 }, { 0.9, 1 }), { 0.75, 0.5 })
end)

test("rex stays high and falls at the end", function(t)
  near(t, factors({ kind = "rex" }, { 0, 0.5, 0.75, 1 }), { 1, 0.66666666666667, 0.4, 0 })
  near(t, factors({ kind = "rex", bend = 0 }, { 0.25 }), { 0.75 })
end)

--- Made by tests/oracle/schedules.py with PyTorch.
test("the laws that PyTorch has give PyTorch's numbers", function(t) -- luacheck: ignore t
  local path = lorarun.system.share() .. "/tests/golden/schedules.json"
  for _, case in ipairs(lorarun.system.decode(lorarun.system.read(path), path)) do
    local factor = schedule.new(case.spec)
    for i, value in ipairs(case.values) do
      local got = factor((i - 1) / case.steps)
      if math.abs(got - value) > 1e-6 then
        error(("%s at step %d: %.9g, PyTorch has %.9g"):format(case.name, i, got, value))
      end
    end
  end
end)

test("every schedule stays finite and at least 0 over its whole span", function(t)
  for _, name in ipairs(schedule.names()) do
    local spec = { kind = name }
    local items = schedule.law(name).items
    if items then spec[1] = items.each and { kind = "linear" } or 0.5 end
    if items and #items == 2 then spec[2] = { kind = "linear" } end
    local factor = schedule.new(spec)
    for step = 0, 200 do
      local value = factor(step / 200)
      t.ok(value == value and value >= 0 and value < 10, name .. " gives " .. value)
    end
  end
end)

test("the check fills in the options of the schedule's own file", function(t)
  t.equal(settings { kind = "warmup_stable_decay", decay = 0.1 },
    { kind = "warmup_stable_decay", decay = 0.1, warmup = 0.05, shape = "linear", floor = 0 })
  t.equal(settings "cosine", { kind = "cosine", floor = 0 })
  t.equal(settings { kind = "chain", { kind = "constant", part = 0.3 }, { kind = "cosine" } },
    { kind = "chain", items = { { kind = "constant", part = 0.3 }, { kind = "cosine", floor = 0 } } })
end)

test("an option that a schedule does not have is refused with the nearest", function(t)
  t.fails(function() settings { kind = "cosine", flor = 0.1 } end, "did you mean 'floor'")
  t.fails(function() settings { kind = "constant", floor = 0.1 } end, "unknown setting 'floor'")
  t.fails(function() settings { kind = "chain", { kind = "cosin" } } end, "did you mean 'cosine'")
  t.fails(function() settings { kind = "scale", 0.5 } end, "scale lacks the schedule")
  t.fails(function() settings { kind = "chain" } end, "chain lacks schedules")
  t.fails(function() settings { kind = "cosine", 0.5 } end, "it must be named")
  t.fails(function() settings { kind = "cosine", warmup = 2 } end, "from 0 to 1")
end)

test("a recipe's chain crosses to the settings", function(t)
  local policy = require("lorarun.recipe").policy([[
    return recipe { schedule = chain { constant { part = 0.3 }, warmup { 0.1, cosine {} } } }
  ]], "r.lua")
  local spec = settings(policy:declaration().schedule)
  near(t, factors(spec, { 0.2, 0.3, 0.335, 0.37, 1 }), { 1, 0, 0.5, 1, 0 })
end)

test("hooks can build schedules of their own", function(t)
  local policy = require("lorarun.recipe").policy([[
    local falling = schedule.new(chain { constant { part = 0.5 }, linear {} })
    local warm = schedule.cosine.new { warmup = 0.5 }
    return recipe { on = { step = function(state, run) return { lr = falling(run.progress), clip = warm(run.progress) } end } }
  ]], "r.lua")
  local answer = policy:decide("step", {}, { progress = 0.75 })
  t.near(answer.lr, 0.5)
  t.near(answer.clip, 0.5)
end)
