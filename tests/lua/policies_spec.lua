--- Ready policies: functions over plain data.

local best = require "lorarun.best"
local check = require "lorarun.check"
local metrics = require "lorarun.metrics"
local ready_policies = require "lorarun.ready_policies"

local function policy(kind, options)
  local made, spec = require("lorarun.policies." .. kind), { kind = kind }
  for name, option in pairs(made.options) do spec[name] = option.default end
  for name, value in pairs(options or {}) do spec[name] = value end
  return made.new(spec)
end

--- Evaluates with each value at steps 10, 20, … and gives the state and the last answer.
local function after_values(one, values)
  local state, evaluation, answer = {}, nil, nil
  for i, value in ipairs(values) do
    evaluation = metrics.follow(evaluation, 10 * i, { heldout_loss = value }, {})
    answer = one.evaluated(state, { step = 10 * i, evaluation = evaluation })
  end
  return state, answer
end

local function new_run(policies)
  local said = {}
  local run = { settings = { policies = policies }, step = 40, steps = 100, epoch = 1, said = said, name = "run",
    records = { event = function(_, step, event, fields) said[#said + 1] = event .. "@" .. step .. " " .. fields.key end },
    progress = { say = function() end } }
  return run
end

test("early_stop stops after as many evaluations without an improvement as its patience", function(t)
  local stop = policy("early_stop", { patience = 2, min_delta = 0.01 })
  t.equal(stop.knobs(after_values(stop, { 0.4, 0.3, 0.295 })), nil)
  t.equal(stop.knobs(after_values(stop, { 0.4, 0.3, 0.295, 0.32 })).stop,
    "early_stop: heldout_loss has not improved for 2 evaluations: 0.32 at step 40, best 0.3 at step 20")
  t.equal(stop.knobs(after_values(stop, { 0.4, 0.3, 0.32, 0.28, 0.29 })), nil)
end)

test("an evaluation that was seen before changes nothing", function(t)
  local stop = policy("early_stop", { patience = 2 })
  local state = {}
  local seen = { step = 10, evaluation = metrics.follow(nil, 10, { heldout_loss = 0.4 }, {}) }
  for _ = 1, 5 do stop.evaluated(state, seen) end
  t.equal({ state.misses, stop.knobs(state) }, { 0 })
end)

test("a longer patience lets a stopped run go on", function(t)
  local state = after_values(policy("early_stop", { patience = 2 }), { 0.3, 0.4, 0.5 })
  t.ok(policy("early_stop", { patience = 2 }).knobs(state))
  t.equal(policy("early_stop", { patience = 3 }).knobs(state), nil)
end)

test("early_stop on a plateau counts steps whose slope is too flat, once the window is full", function(t)
  local stop, state = policy("early_stop", { plateau = true, patience = 3, slope = 0.02 }), {}
  local function step(number, slope)
    local run = { step = number, loss_slope = slope, mean_loss = 0.5 }
    stop.stepped(state, run)
    return stop.knobs(state, run)
  end
  for number = 97, 99 do t.equal(step(number, 0), nil) end
  t.equal({ step(100, 0), step(101, -0.009) }, {})
  t.equal(step(102, -0.011), nil)
  t.equal({ step(103, 0), step(104, 0) }, {})
  t.equal(step(105, 0.001).stop, "early_stop: the loss is flat for 3 steps: 0.001 per 100 steps at a mean of 0.5")
end)

test("freeze_on_overfit freezes its group for good and says so once", function(t)
  local freeze = policy("freeze_on_overfit", { group = "clip_l", patience = 2 })
  local state, answer = after_values(freeze, { 0.3, 0.31, 0.32 })
  t.equal(answer.say, "freezes clip_l: heldout_loss has not improved for 2 evaluations: 0.32 at step 30, best 0.3 at step 10")
  t.equal(freeze.knobs(state), { clip_l = { train = false } })
  state, answer = after_values(freeze, { 0.3, 0.31, 0.32, 0.1 })
  t.equal({ answer, freeze.knobs(state) }, { nil, { clip_l = { train = false } } })
end)

test("roll_back asks to go back when the loss is many times its mean", function(t)
  local back, state = policy("roll_back", { factor = 3, after = 2 }), {}
  t.equal(back.stepped(state, { loss = 9 }), nil)
  state = {}
  for _ = 1, 4 do t.equal(back.stepped(state, { loss = 0.5 }), nil) end
  t.equal(back.stepped(state, { loss = 1.5 }), nil)
  t.equal(back.stepped(state, { loss = 1.7 }).roll_back,
    { to = "last", why = "loss 1.7 is more than 3 times the mean 0.55" })
end)

test("roll_back lowers every rate once more each time, and goes back no more than `most` times", function(t)
  local back = policy("roll_back", { lr_factor = 0.5, most = 2, after = 1, knobs = { clip = 0.3 } })
  local decided = { lr = 8e-4, clip_l = { lr = 4e-4, train = true } }
  t.equal(back.knobs({}, {}, decided), nil)
  t.equal(back.knobs({ rolled_back = 1 }, {}, decided), { lr = 4e-4, clip_l = { lr = 2e-4 }, clip = 0.3 })
  t.equal(back.knobs({ rolled_back = 2 }, {}, decided), { lr = 2e-4, clip_l = { lr = 1e-4 }, clip = 0.3 })
  t.equal(back.stepped({ rolled_back = 2, count = 9, mean = 0.1 }, { loss = 5 }), nil)
end)

test("roll_back goes back from a loss that is not finite, and from no other failure", function(t)
  local back = policy("roll_back", { most = 1 })
  t.equal(back.failed({}, {}, "the loss of step 6 is not finite; the weights are untouched\n  at: a.png").roll_back,
    { to = "last", why = "the loss of step 6 is not finite" })
  t.equal(back.failed({ rolled_back = 1 }, {}, "the loss of step 6 is not finite"), nil)
  t.equal(back.failed({}, {}, "out of memory"), nil)
end)

test("keep_best keeps the best steps, best first, and never step 0", function(t)
  local keep = policy("keep_best", { keep = 2 })
  local state, answer = after_values(keep, { 0.5, 0.3, 0.4, 0.2 })
  t.equal(state.kept, { { step = 40, value = 0.2 }, { step = 20, value = 0.3 } })
  t.equal(answer.keep.place, 1)
  answer = select(2, after_values(keep, { 0.1, 0.2, 0.3 }))
  t.equal(answer, nil)
  t.equal(keep.evaluated({}, { evaluation = metrics.follow(nil, 0, { heldout_loss = 0.1 }, {}) }), nil)
end)

test("policies are told, asked and named by kind and number", function(t)
  local function spec() return { kind = "keep_best", metric = "heldout_loss", keep = 1 } end
  local run = new_run { spec(), spec(), { kind = "freeze_on_overfit", group = "t5", metric = "heldout_loss", patience = 1, min_delta = 0 } }
  run.evaluation = metrics.follow(metrics.follow(nil, 20, { heldout_loss = 0.5 }, {}), 40, { heldout_loss = 0.4 }, {})
  ready_policies.evaluated(run)
  t.equal(run.said, { "select@40 keep_best#1", "select@40 keep_best#2" })
  t.equal({ run.keep_now, best.pinned(run) }, { true, { 40 } })
  t.equal(run.policy_state["freeze_on_overfit#1"].best, 0.4)
  run.step, run.evaluation = 60, metrics.follow(run.evaluation, 60, { heldout_loss = 0.45 }, {})
  ready_policies.evaluated(run)
  t.equal(run.said[3], "decision@60 freeze_on_overfit#1")
  local layers = {}
  ready_policies.at(run, 61, { lr = 1 }, function(layer, id) layers[id] = layer end)
  t.equal(layers, { ["freeze_on_overfit#1"] = { t5 = { train = false } } })
end)

test("the options of a recipe that was saved anew hold at once, on the state of before", function(t)
  local run = new_run { { kind = "early_stop", metric = "heldout_loss", patience = 5, min_delta = 0 } }
  for i, value in ipairs { 0.3, 0.4, 0.5 } do
    run.step = 20 * i
    run.evaluation = metrics.follow(run.evaluation, run.step, { heldout_loss = value }, {})
    ready_policies.evaluated(run)
  end
  local function stops()
    local layer
    ready_policies.at(run, 61, {}, function(one) layer = one end)
    return layer ~= nil
  end
  t.equal(stops(), false)
  run.settings = { policies = { { kind = "early_stop", metric = "heldout_loss", patience = 2, min_delta = 0 } } }
  t.equal(stops(), true)
end)

test("a policy hears how often it has gone back, whatever checkpoint its state is from", function(t)
  local run = new_run { { kind = "roll_back", lr_factor = 0.5, when = "loss_spike", factor = 3, after = 1, most = 2 } }
  run.rollbacks = { { policy = "roll_back#1", from = 30, to = 20 }, { policy = "roll_back#1", from = 35, to = 20 } }
  ready_policies.count_rollbacks(run)
  local layer
  ready_policies.at(run, 21, { lr = 1 }, function(one) layer = one end)
  t.equal(layer, { lr = 0.25 })
end)

test("an evaluation knows its best, its first and the last 20", function(t)
  local evaluation
  for i = 1, 30 do
    evaluation = metrics.follow(evaluation, i, { heldout_loss = math.abs(i - 12) }, { heldout_loss = { by_sigma = { i } } })
  end
  t.equal(evaluation.best.heldout_loss, { step = 12, value = 0 })
  t.equal(evaluation.first.heldout_loss.by_sigma, { 1 })
  t.equal({ #evaluation.history, evaluation.history[1].step, evaluation.history[20].step }, { 20, 11, 30 })
  t.equal({ evaluation.step, evaluation.heldout_loss }, { 30, 18 })
end)

local function settings_with(more)
  local declared = { model = { kind = "flux", path = "m" }, network = { kind = "lora" },
    data = { { kind = "images", dir = "p" } }, steps = 10 }
  for key, value in pairs(more) do declared[key] = value end
  ready_policies.from_events(declared)
  return check.settings(declared, "r.lua")
end

test("policies are checked against the options of their own files", function(t)
  t.equal(settings_with({ policies = { kind = "keep_best" } }).policies,
    { { kind = "keep_best", metric = "heldout_loss", keep = 3 } })
  t.fails(function() settings_with { policies = { { kind = "early_stop", pacience = 3 } } } end, "did you mean 'patience'?")
  t.fails(function() settings_with { policies = { { kind = "early_stop", patience = 0 } } } end, "policies[1].patience")
  t.fails(function() settings_with { policies = { { kind = "early_stop", metric = "beauty" } } } end, "heldout_loss")
  t.fails(function() settings_with { policies = { { kind = "early_stopp" } } } end, "did you mean 'early_stop'?")
  t.fails(function() settings_with { policies = { { kind = "freeze_on_overfit" } } } end, "lacks group")
  t.fails(function() settings_with { policies = { { kind = "roll_back", knobs = { rank = 4 } } } } end, "rank")
end)

test("on.evaluate and on.select stand for evaluate.every and keep_best", function(t)
  local settings = settings_with { evaluate = { holdout = 2 }, on = { evaluate = { kind = "every", steps = 50 },
    select = { kind = "best", by = "heldout_loss", keep = 2 } } }
  t.equal(settings.evaluate.every, 50)
  t.equal(settings.policies, { { kind = "keep_best", metric = "heldout_loss", keep = 2 } })
end)

test("an evaluation needs pictures that are not trained on", function(t)
  t.fails(function() metrics.check({ evaluate = { sigmas = {} } }, "r.lua") end, "neither holdout nor dir")
  t.fails(function() metrics.check({ evaluate = { sigmas = {}, dir = "h", holdout = 2 } }, "r.lua") end, "both holdout and dir")
  t.fails(function() metrics.check({ evaluate = { sigmas = { 0.5, 1.5 }, holdout = 2 } }, "r.lua") end, "evaluate.sigmas[2]")
  t.fails(function() metrics.check({ evaluate = { sigmas = {}, holdout = 2, metrics = { "heldout_los" } } }, "r.lua") end,
    "did you mean 'heldout_loss'?")
end)

test("a policy needs its metric to be measured", function(t)
  local waiting = { { kind = "early_stop", metric = "heldout_loss" } }
  t.fails(function() metrics.check({ policies = waiting }, "r.lua") end, "early_stop looks at heldout_loss, which is not measured")
  metrics.check({ policies = waiting, evaluate = { sigmas = {}, holdout = 2, metrics = { "heldout_loss" } } }, "r.lua")
  metrics.check({ policies = { { kind = "early_stop", metric = "heldout_loss", plateau = true } } }, "r.lua")
end)
