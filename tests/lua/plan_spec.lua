--- Plans: what a recipe will do at every step, how two plans differ, and what looks wrong.

local plan = require "lorarun.plan"
local page = require "lorarun.plan.page"
local recipe = require "lorarun.recipe"

local BASE = [[return recipe {
  name = "planned", steps = 100, model = flux { path = "base" }, network = lora { rank = 4 },
  data = { images { dir = "photos" } }, optimizer = adamw { lr = 1e-4 },
  %s
}]]

local function open(extra, options)
  local path = os.tmpname() .. ".lua"
  lorarun.system.write(path, BASE:format(extra or ""))
  options = options or {}
  options.recipe = path
  local done, opened = pcall(recipe.open, options)
  os.remove(path)
  if not done then error(opened, 0) end
  return opened
end

local function planned(extra, options) return plan.of(open(extra), options) end

local function change(p, key, number)
  local count = 0
  for _, one in ipairs(p.changes) do
    if one.key == key then count = count + 1 end
    if one.key == key and count == (number or 1) then return one end
  end
end

local function problem(t, extra, part)
  local p = planned(extra)
  for _, one in ipairs(p.problems) do
    if one.what:find(part, 1, true) then return t.ok(#one.fix > 0) end
  end
  error("nothing says '" .. part .. "', but: " .. lorarun.system.encode(p.problems), 2)
end

local function no_problem(t, extra) t.equal(planned(extra).problems, {}) end

test("a plan has the knobs of every step", function(t)
  local p = planned("clip = 0.5,")
  t.equal(p.count, 100)
  t.equal(plan.at(p, 1).lr, 1e-4)
  t.equal(plan.at(p, 100).clip, 0.5)
  t.equal(plan.at(p, 50).timesteps, "sigmoid")
  t.equal(p.changes, {})
end)

test("a schedule is one ramp, not a change a step", function(t)
  local p = planned("schedule = cosine { floor = 0.1 },")
  t.equal(#p.changes, 1)
  t.equal(p.changes[1].step, 1)
  t.equal(p.changes[1].to, 100)
  t.near(p.changes[1].last, 1.0022e-05, 1e-9)
end)

test("phases and on.step change the plan at their steps", function(t)
  local p = planned([[ network = lora { text_encoders = { "clip_l", "t5" } }, text_encoders = always { lr = 1e-6 },
    phases = { phase { from = 0.5, clip = 0.25 } },
    on = { step = function(state, run) if run.step >= 91 then return { lr = 1e-5, text_encoder = { lr = 2e-6 } } end end }, ]])
  t.equal(change(p, "clip"), { step = 51, key = "clip", old = 1, new = 0.25 })
  t.equal(change(p, "lr"), { step = 91, key = "lr", old = 1e-4, new = 1e-5 })
  t.equal(change(p, "clip_l.lr").new, 2e-6)
  local groups = plan.groups(p)
  t.equal({ groups[1].name, groups[2].name, groups[3].name }, { "transformer", "clip_l", "t5" })
  t.equal({ groups[2].rates[90], groups[2].rates[91] }, { 1e-6, 2e-6 })
end)

test("the state of the policy goes from step to step", function(t)
  local p = planned([[ on = { step = function(state, run)
    state.count = (state.count or 0) + 1
    return { clip = state.count > 10 and 0.5 or 1 }
  end }, ]])
  t.equal(change(p, "clip").step, 11)
  t.equal(p.state.count, 100)
end)

test("late tuning is off, then on, in the plan", function(t)
  local p = planned("network = lora { text_encoders = { 'clip_l' } }, text_encoders = late_tune { from = 0.8, lr = 5e-6 },")
  t.equal(change(p, "clip_l.train"), { step = 81, key = "clip_l.train", old = false, new = true })
  local rates = plan.groups(p)[2].rates
  t.equal({ rates[80], rates[81], rates[100] }, { 0, 5e-6, 5e-6 })
  t.equal(p.problems, {})
end)

test("events are counted with their steps", function(t)
  local p = planned("save = { every = 30 }, render = { every = 50, prompts = { 'a' } },")
  t.equal({ p.events[1].what, p.events[1].count, p.events[1].steps }, { "save", 4, { 30, 60, 90, 100 } })
  t.equal({ p.events[2].what, p.events[2].steps }, { "render", { 50, 100 } })
end)

test("a hook that stops the run ends its plan, and that is worth a look", function(t)
  local p = planned("on = { step = function(state, run) if run.step == 40 then return { stop = 'enough' } end end },")
  t.equal({ p.count, p.stop.step, p.stop.reason }, { 39, 40, "enough" })
  problem(t, "on = { step = function(state, run) if run.step == 40 then return { stop = 'enough' } end end },",
    "on.step stops the run at step 40 of 100: enough")
end)

test("a plan of a run that has begun covers what is left", function(t)
  local p = planned("schedule = linear {},", { from = 50, steps = 200 })
  t.equal(p.count, 150)
  t.near(plan.at(p, 101).lr, 5e-5, 1e-12)
end)

test("a hook that fails at a late step is found, with the step", function(t)
  t.fails(function() planned("on = { step = function(state, run) return { lr = run.step == 77 and -1 or 1e-4 } end },") end,
    "on.step at step 77")
  t.fails(function() planned("on = { step = function(state, run) if run.step == 78 then error('late') end end },") end,
    "on.step at step 78")
end)

test("the dry run tries a spike of the loss", function(t)
  local opened = open("on = { step = function(state, run) return { lr = (run.loss or 0) > 2 and -1 or 1e-4 } end },")
  t.equal(#plan.of(opened).problems, 0)
  t.fails(function() plan.dry_run(opened.policy, opened.settings, {}, 0, 100) end, "lr is -1")
end)

test("what a hook reads of the run is there in a rehearsal", function(t) -- luacheck: ignore t
  local opened = open([[ on = { step = function(state, run)
    if run.step == 1 then assert(run.loss == nil and run.bands[4].count == 0); return nil end
    assert(run.loss and run.mean_loss and run.loss_slope and run.loss_variance and run.grad_norm and run.grad_norms.transformer)
    assert(run.images == run.step - 1 and run.steps == 100 and run.seed == 42 and run.epoch == 0 and run.lr == 1e-4)
    assert(run.step < 6 or run.bands[4].mean)
  end }, ]])
  plan.dry_run(opened.policy, opened.settings, {}, 0, 100)
end)

test("what looks wrong is named", function(t)
  problem(t, "noise_offset = 0.1,", "noise_offset has no effect")
  problem(t, "save = { every = 500 },", "save.every = 500 is longer than the run's 100 steps")
  problem(t, "schedule = chain { linear { part = 0.5 }, constant { scale = 0 } },",
    "lr is 0 for the last 50 steps: the schedule ends before the run does")
  problem(t, "schedule = constant { scale = 0 },", "lr is 0 at every step")
  problem(t, "schedule = cosine { warmup = 1 },", "the warm-up is as long as the whole of it")
  problem(t, "schedule = chain { constant { part = 0.9 }, linear { part = 0.4 } },", "the parts of the chain are 1.3 in all")
  problem(t, "schedule = cosine {}, on = { step = function() return { lr = 1e-4 } end },", "schedule has no effect")
  problem(t, "phases = { phase { from = 500, clip = 2 } },", "phases[1] begins at step 500, beyond the run's 100 steps")
  problem(t, "phases = { phase { from = 50, to = 20, clip = 2 } },", "phases[1] is empty")
  problem(t, "phases = { phase { from = 0.5, clip = 2 }, phase { from = 0.25, clip = 3 } },",
    "phases[1].clip never holds: phases[2] covers all of it")
  problem(t, "network = lora { text_encoders = { 't5' } }, text_encoders = never {},", "t5 has adapters that never train")
  problem(t, "text_encoders = late_tune { from = 1 },", "late_tune trains clip_l from the first step on")
  problem(t, "text_encoders = late_tune { from = 500 },", "clip_l has adapters that never train")
  problem(t, "phases = { phase { from = 0.5, text_encoder = { lr = 1e-5 } } },", "clip_l has no adapters")
  problem(t, "phases = { phase { from_epoch = 2, clip = 2 } },", "counts epochs")
end)

test("a sound recipe gets no complaint", function(t)
  no_problem(t, "schedule = cosine { warmup = 0.05 }, save = { every = 20 }, phases = { phase { from = 0.8, clip = 0.5 } },")
  no_problem(t, "schedule = cosine {}, on = { step = function(state, run) return { lr = 0.5 * run.lr } end },")
  no_problem(t, "phases = { phase { from = 0.5, clip = 2 }, phase { from = 0.75, clip = 3 } },")
end)

test("a recipe by epochs asks for the steps", function(t)
  local opened = open("epochs = 3,", { set = {} })
  opened.settings.steps = nil
  t.fails(function() plan.of(opened) end, "add --steps N")
end)

test("two plans differ in settings and in ranges of steps", function(t)
  local diff = plan.diff(planned("clip = 1,"), planned("clip = 1, ema = 0.9, phases = { phase { from = 0.8, lr = 5e-5 } },"))
  t.equal(diff.settings[1], { key = "ema", old = 0, new = 0.9 })
  local found
  for _, one in ipairs(diff.knobs) do
    if one.key == "lr" then found = one end
  end
  t.equal({ found.from, found.to, found.old, found.new }, { 81, 100, 1e-4, 5e-5 })
  t.ok(diff.text:find("steps 81 to 100: lr 0.0001 -> 5e-05", 1, true), diff.text)
  t.equal(plan.diff(planned(""), planned("")).text, "no difference")
end)

test("the page is one file that asks for nothing from anywhere", function(t)
  local p = planned("noise_offset = 1, schedule = cosine {}, phases = { phase { from = 0.5, t5 = { lr = 1e-5 } } },")
  t.equal(p.problems[2].what, "t5 has no adapters, so its knobs do nothing")
  local html = page.of(p, { groups = plan.groups(p), first = plan.at(p, 1) })
  t.ok(html:find("<svg", 1, true) and html:find("polyline", 1, true))
  t.ok(html:find("noise_offset has no effect", 1, true) and html:find("t5.lr", 1, true))
  for _, outside in ipairs { "http:", "https:", "src=", "<script", "@import", "url(" } do
    t.ok(not html:find(outside, 1, true), outside)
  end
end)

test("texts of people cannot break the page", function(t)
  local p = planned("on = { step = function(state, run) if run.step == 4 then return { stop = '<script>alert(1)</script>' } end end },")
  local html = page.of(p, { groups = plan.groups(p), first = plan.at(p, 1) })
  t.ok(html:find("&lt;script&gt;", 1, true) and not html:find("<script", 1, true))
end)

--- 0.3 s on a quiet machine, the policy process included; counted here is this process's own time, which does not
--- grow while other programs work.
test("ten thousand steps take half a second to plan", function(t)
  local opened = open("on = { step = function(state, run) return { lr = run.progress < 0.8 and run.lr or 3e-5 } end },", { steps = 10000 })
  local best = math.huge
  for _ = 1, 3 do
    local start = os.clock()
    plan.of(opened)
    best = math.min(best, os.clock() - start)
  end
  t.ok(best < 0.5, "it took " .. best .. " s")
end)

local memory = require "lorarun.plan.memory"
local memory_size = require "lorarun.memory_size"

local MICRO = lorarun.system.share() .. "/tests/golden/micro_flux"

local function counted(extra)
  local settings = open(extra).settings
  settings.model.path = MICRO
  return memory.of(settings), settings
end

local function phase_of(expected, name)
  for _, phase in ipairs(expected.phases) do
    if phase.name == name then return phase end
  end
end

test("memory is counted by owner, and the owners are the whole", function(t)
  local step = phase_of(counted("ema = 0.9,"), "a training step")
  local sum = 0
  for _, owner in ipairs { "weights", "text_encoders", "vae", "adapters", "state", "activations" } do sum = sum + step[owner] end
  t.equal(sum, step.total)
  t.equal({ step.vae, step.text_encoders }, { 0, 0 })
end)

test("moments are two and averages one more of what the adapters take", function(t)
  local wide = "network = lora { rank = 256 }," -- so that blocks of 512 bytes do not count
  local without = phase_of(counted(wide), "a training step")
  local with = phase_of(counted(wide .. "ema = 0.9,"), "a training step")
  t.near((with.state - without.state) / with.adapters, 1, 0.02)
  t.near(without.state / without.adapters, 2, 0.1) -- and a table of angles
end)

test("a batch takes more, recompute takes less, and a phase that averages counts", function(t)
  local plain = phase_of(counted(), "a training step")
  t.ok(phase_of(counted("batch = 4,"), "a training step").activations > 2 * plain.activations)
  t.ok(phase_of(counted("model = flux { path = 'base', recompute = true },"), "a training step").activations < plain.activations)
  t.ok(phase_of(counted("phases = { phase { from = 0.5, ema = 0.9 } },"), "a training step").state > plain.state)
end)

test("held-out pictures are one batch, and pictures come after the denoiser", function(t)
  local expected = counted("evaluate = { holdout = 8 }, render = { prompts = { 'a' }, size = { 64, 64 }, true_cfg = 3 },")
  t.ok(phase_of(expected, "an evaluation").total > phase_of(expected, "pictures: denoiser").total)
  t.equal(phase_of(expected, "pictures: denoiser").text_encoders, 0)
  t.ok(phase_of(expected, "pictures: VAE").vae > 0)
end)

test("live text encoders are counted, those that never train are not", function(t)
  local network = "network = lora { rank = 4, text_encoders = { 't5' } }, text_encoders = %s {},"
  t.ok(phase_of(counted(network:format("always")), "a training step").text_encoders > 0)
  t.equal(phase_of(counted(network:format("never")), "a training step").text_encoders, 0)
end)

test("what would lower the peak is tried, and not offered twice", function(t)
  local expected, settings = counted([[ema = 0.9, batch = 8, model = flux { path = "base", dtype = "float32", recompute = true },
    data = { images { dir = "photos", resolution = 64, size_step = 16 } }, ]])
  settings.model.path = MICRO
  local texts = {}
  for _, one in ipairs(memory.remedies(settings, expected)) do
    t.ok(one.total < expected.device.total, one.text)
    texts[#texts + 1] = one.text
  end
  local all = table.concat(texts, "; ")
  t.ok(not all:find("recompute", 1, true), all)
  t.ok(all:find("bf16", 1, true), all)
end)

test("memory.parameters counts the denoiser without weights", function(t)
  local _, settings = counted()
  t.equal(memory.parameters(settings), lorarun.model.open(MICRO):parameters("transformer"))
end)

test("bytes are said as people say them", function(t)
  t.equal({ memory_size(23.8 * 2 ^ 30), memory_size(340 * 2 ^ 20), memory_size(2600) }, { "23.8 GiB", "340 MiB", "3 KiB" })
end)
