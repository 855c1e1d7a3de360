--- What a step is decided by: settings, schedule, and the recipe's hook on top.

local knobs = require "lorarun.knobs"
local recipe = require "lorarun.recipe"

local function new_run(text)
  local path = os.tmpname() .. ".lua"
  lorarun.system.write(path, "return recipe { steps = 10, model = flux { path = 'm' }, network = lora {}, "
    .. "data = { images { dir = 'd' } }, optimizer = adamw { lr = 1e-3 }, " .. text .. " }")
  local opened = recipe.open { recipe = path }
  os.remove(path)
  local said = {}
  return {
    recipe = opened, settings = opened.settings, steps = 10, step = 0, state = {}, last = {}, epoch = 0, said = said,
    records = { event = function(_, step, event) said[#said + 1] = event .. "@" .. step end },
    progress = { say = function(_, line) said[#said + 1] = line end },
  }
end

test("without a hook the settings hold", function(t)
  local decided = knobs.decide(new_run "clip = 2, ema = 0.5", 1)
  t.equal({ decided.lr, decided.clip, decided.ema, decided.guidance }, { 1e-3, 2, 0.5, 1 })
  t.equal(decided.timesteps.kind, "sigmoid")
end)

test("the schedule turns the rate", function(t)
  local run = new_run "schedule = linear { warmup = 0.2 }"
  t.near(knobs.decide(run, 1).lr, 0)
  t.near(knobs.decide(run, 2).lr, 5e-4)
  t.near(knobs.decide(run, 3).lr, 1e-3)
  t.near(knobs.decide(run, 7).lr, 5e-4)
end)

test("the hook's answer wins, and its state is kept", function(t)
  local run = new_run [[on = { step = function(state, run)
    state.n = (state.n or 0) + 1
    if run.step > 2 then return { lr = state.n, timesteps = uniform {} } end
  end }]]
  t.equal(knobs.decide(run, 1).lr, 1e-3)
  t.equal(knobs.decide(run, 2).lr, 1e-3)
  local third = knobs.decide(run, 3)
  t.equal(third.lr, 3)
  t.equal(third.timesteps.kind, "uniform")
  t.equal(run.state.n, 3)
end)

test("recipes may build schedules inside hooks", function(t)
  local run = new_run [[on = { step = function(_, run)
    return { lr = 2e-3 * schedule.cosine.new { floor = 0.5 } (run.progress) }
  end }]]
  t.near(knobs.decide(run, 1).lr, 2e-3)
  t.near(knobs.decide(run, 6).lr, 1.5e-3)
end)

test("a hook that fails while the run goes leaves the last decision", function(t)
  local run = new_run [[on = { step = function(_, run)
    if run.step == 2 then error("oops") end
    return { lr = run.step * 1e-5 }
  end }]]
  t.near(knobs.decide(run, 1).lr, 1e-5, 1e-12)
  t.near(knobs.decide(run, 2).lr, 1e-5, 1e-12)
  t.ok(table.concat(run.said, "\n"):find("warn@2", 1, true))
  t.near(knobs.decide(run, 3).lr, 3e-5, 1e-12)
end)

test("the dry run finds a failure of a later step and leaves the state alone", function(t)
  local run = new_run [[on = { step = function(state, run)
    state.seen = run.step
    if run.step == 7 then return { lr = 0/0 } end
  end }]]
  t.fails(function() knobs.dry_run(run) end, "on.step at step 7")
  t.equal(run.state, {})
end)

test("a changed decision goes into the journal, an unchanged one does not", function(t)
  local run = new_run [[on = { step = function(_, run) return { clip = run.step < 3 and 1 or 2 } end }]]
  for step = 1, 5 do knobs.decide(run, step) end
  t.equal(run.said, { "decision@1", "decision@3" })
end)

test("a live picture of the run holds nothing that depends on the clock", function(t)
  local run = new_run ""
  run.statistics = { loss = 0.5, mean_loss = 0.6, grad_norm = 1, loss_slope = -2, loss_variance = 0.1, bands = {},
    grad_norms = { transformer = 1 }, images = 4, window = { 0.5 } }
  t.equal(knobs.snapshot(run, 3), { step = 3, steps = 10, progress = 0.2, epoch = 0, seed = 42, lr = 1e-3,
    loss = 0.5, mean_loss = 0.6, grad_norm = 1, loss_slope = -2, loss_variance = 0.1, bands = {},
    grad_norms = { transformer = 1 }, images = 4 })
end)

test("pictures that memory does not hold are left out, and the run goes on", function(t)
  local render, loop = require "lorarun.render", require "lorarun.loop"
  local draw, events, released = render.draw, {}, nil
  local run = { model = { release = function(_, part) released = part end },
    records = { event = function(_, step, event, fields) events[#events + 1] = { step, event, fields.what } end } }
  render.draw = function() error("not enough memory on cuda:0; it has 23.6 GiB\n  fix: batch = 1", 0) end
  loop.draw(run, 20)
  t.equal(released, "vae")
  t.equal(events, { { 20, "warn", "the pictures of step 20 are left out: not enough memory on cuda:0; it has 23.6 GiB" } })
  render.draw = function() error("another mistake", 0) end
  t.fails(function() loop.draw(run, 21) end, "another mistake")
  render.draw = draw
end)
