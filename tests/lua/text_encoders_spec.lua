--- When text encoders train, as plain data.

local policy = require "lorarun.text_encoder_policy"
local text_encoders = require "lorarun.text_encoders"

local function settings(law, encoders)
  local s = { network = { text_encoders = encoders or {} }, text_encoders = law }
  if law then law.factor = law.factor or 1 end
  policy.resolve(s, "r.lua")
  return s
end

test("without a policy nothing is added", function(t)
  t.equal(policy.at(settings(nil, { "clip_l" }), 1, 10, 1e-4), {})
end)

test("a policy puts adapters on the encoders it names, on clip_l when it names none", function(t)
  t.equal(settings({ kind = "always" }).network.text_encoders, { "clip_l" })
  t.equal(settings({ kind = "always", encoders = { "t5" } }).network.text_encoders, { "t5" })
  t.equal(settings({ kind = "never" }).network.text_encoders, {})
end)

test("never freezes; always trains at a factor of the run's rate", function(t)
  t.equal(policy.at(settings({ kind = "never" }, { "clip_l" }), 1, 10, 1e-4), { clip_l = { train = false } })
  t.equal(policy.at(settings { kind = "always", factor = 0.5 }, 1, 10, 1e-4), { clip_l = { train = true, lr = 5e-5 } })
end)

test("late tune is off, then on with its own rate from the step after the border", function(t)
  local s = settings { kind = "late_tune", from = 0.8, lr = 5e-6 }
  t.equal(policy.at(s, 80, 100, 1), { clip_l = { train = false } })
  t.equal(policy.at(s, 81, 100, 1), { clip_l = { train = true, lr = 5e-6 } })
  t.equal(policy.at(s, 100, 100, 1), { clip_l = { train = true, lr = 5e-6 } })
end)

test("early freeze is on up to its border, then off", function(t)
  local s = settings { kind = "early_freeze", to = 30, lr = 5e-6 }
  t.equal(policy.at(s, 30, 100, 1), { clip_l = { train = true, lr = 5e-6 } })
  t.equal(policy.at(s, 31, 100, 1), { clip_l = { train = false } })
end)

test("encoders with adapters that a policy leaves out rest", function(t)
  local s = settings({ kind = "always", lr = 1e-5, encoders = { "clip_l" } }, { "clip_l", "t5" })
  t.equal(policy.at(s, 1, 10, 1), { clip_l = { train = true, lr = 1e-5 }, t5 = { train = false } })
end)

test("an encoder that is unknown, or has no adapters, is refused by name", function(t)
  t.fails(function() settings { kind = "always", encoders = { "clip_i" } } end, "did you mean 'clip_l'?")
  t.fails(function() settings({ kind = "always", encoders = { "t5" } }, { "clip_l" }) end, "no adapters on 't5'")
end)

test("an encoder trains when its group may and its rate is above 0", function(t)
  t.ok(text_encoders.trains({ lr = 1e-4 }, "t5"))
  t.ok(not text_encoders.trains({ lr = 0 }, "t5"))
  t.ok(not text_encoders.trains({ lr = 1e-4, t5 = { lr = 0 } }, "t5"))
  t.ok(not text_encoders.trains({ lr = 1e-4, t5 = { train = false } }, "t5"))
end)
