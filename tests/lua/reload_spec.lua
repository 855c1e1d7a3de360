--- Another recipe takes the place of the one in force, or is refused and changes nothing.

local knobs = require "lorarun.knobs"
local recipe = require "lorarun.recipe"
local reload = require "lorarun.reload"
local run_folder = require "lorarun.run_folder"

local system = lorarun.system

local function text_of(changes)
  return "return recipe { name = 'r', steps = 40, model = flux { path = 'm' }, network = lora { rank = 2 }, "
    .. "data = { images { dir = 'd' } }, optimizer = adamw { lr = 1e-3 }, " .. changes .. " }"
end

--- A run at a step, as far as a reload sees one.
local function new_run(changes, step)
  local folder = system.temporary_folder()
  system.write(folder .. "/r.lua", text_of(changes))
  local opened = recipe.open { recipe = folder .. "/r.lua" }
  local lines = {}
  return {
    recipe = opened, settings = opened.settings, steps = opened.settings.steps, step = step or 0, steps_per_epoch = 10,
    state = {}, last = {}, epoch = 0, name = "r", folder = folder, device = "cpu", events = {}, lines = lines,
    records = { event = function(self, at, event, fields)
      self.last = fields
      lines[#lines + 1] = event .. "@" .. at
    end },
    progress = { say = function(self, line) self.said = line end },
  }
end

local function now(run, changes) return reload.now(run, text_of(changes)) end

test("an accepted text is in force, kept under its hash, and journaled with what changed", function(t)
  local run = new_run("save = { every = 10 }", 4)
  local outcome = now(run, "save = { every = 20 }, optimizer = adamw { lr = 5e-4 }")
  t.ok(outcome.accepted)
  t.equal(run.settings.save.every, 20)
  t.near(knobs.decide(run, 5).lr, 5e-4)
  t.equal(run.lines, { "reload@4" })
  t.equal(run.records.last.new, run.recipe.hash)
  t.equal(run.records.last.changed[1], { key = "optimizer.lr", old = 1e-3, new = 5e-4 })
  t.ok(run.records.last.diff:find("steps 5 to 40: lr 0.001 -> 0.0005", 1, true), run.records.last.diff)
  t.ok(system.exists(run.folder .. "/recipe/" .. run.recipe.hash:sub(1, 16) .. ".lua"))
  t.equal(run_folder.manifest(run.folder).recipe.hash, run.recipe.hash)
end)

test("the line for people names hook, knob and step", function(t)
  local run = new_run("on = { step = function(_, run) return { lr = 5e-5 } end }", 4)
  now(run, "on = { step = function(_, run) if run.step > 9 then return { lr = 3e-5 } end return { lr = 5e-5 } end }")
  t.equal(run.progress.said, "reload at step 4: on.step; lr 5e-05 -> 3e-05 from step 10")
end)

test("state outlives its code", function(t)
  local run = new_run("on = { step = function(state) state.n = (state.n or 0) + 1 end }")
  knobs.decide(run, 1)
  now(run, "on = { step = function(state) state.n = state.n + 10 end }")
  knobs.decide(run, 2)
  t.equal(run.state, { n = 11 })
end)

local function refused(t, run, changes, what)
  local before = { run.recipe, run.settings, run.steps, run.state }
  local outcome = now(run, changes)
  t.ok(not outcome.accepted, changes)
  t.ok(outcome.what:find(what, 1, true), outcome.what)
  t.ok(outcome.where and outcome.fix, outcome.text)
  t.equal(run.lines[#run.lines], "refused@" .. run.step)
  t.ok(before[1] == run.recipe and before[2] == run.settings and before[3] == run.steps and before[4] == run.state)
end

test("what cannot change is refused by name, with the reason", function(t)
  local run = new_run("seed = 3", 4)
  refused(t, run, "seed = 4", "seed cannot change inside a run: every random number of the run comes from it (3 -> 4)")
  refused(t, run, "seed = 3, network = lora { rank = 4 }",
    "network.rank cannot change inside a run: it shapes the weights (2 -> 4)")
  refused(t, run, "seed = 3, data = { images { dir = 'e' } }", "data[1].dir cannot change inside a run")
  refused(t, run, "seed = 3, optimizer = sgd { lr = 1 }", "optimizer")
  refused(t, run, "seed = 3, name = 'other'", "name cannot change inside a run")
  refused(t, run, "seed = 3, batch = 2", "batch cannot change inside a run")
end)

test("everything broken is refused before anything changes", function(t)
  local run = new_run("on = { step = function(state) state.n = 1 end }", 4)
  refused(t, run, "steps = ", "unexpected symbol")
  refused(t, run, "on = { step = function(state) state.n = state.n + state.m end }", "attempt to perform arithmetic on field")
  refused(t, run, "on = { step = function() while true do end end }", "takes too long")
  refused(t, run, "on = { step = function() return { lr = 0 / 0 } end }", "not a finite number")
  refused(t, run, "on = { step = function(_, run) return { lr = run.step < 30 and 1 or -1 } end }", "lr is -1")
  refused(t, run, "on = { step = function(state) state.f = function() end end }", "state.f is a function")
  refused(t, run, "on = { sleep = function() end }", "unknown setting 'sleep'")
  refused(t, run, "save = { every = 'often' }", "save.every is the text 'often'")
  refused(t, run, "speed = 9", "unknown setting 'speed'")
  refused(t, run, "steps = 3", "steps = 3 is behind the run, which stands at step 4")
end)

test("the run may become longer or shorter", function(t)
  local run = new_run("seed = 3", 4)
  t.ok(now(run, "seed = 3, steps = 60").accepted)
  t.equal(run.steps, 60)
  t.ok(now(run, "seed = 3, steps = 4").accepted)
  t.equal(run.steps, 4)
end)

test("a new version brings the state into shape, or is refused", function(t)
  local run = new_run("version = 1, on = { step = function(state) state.n = 1 end }")
  knobs.decide(run, 1)
  refused(t, run, "version = 2", "of version 1 and the recipe of version 2, which has no migrate")
  refused(t, run, "version = 2, migrate = function(state, from) return nil end", "migrate gave no state")
  t.ok(now(run, "version = 2, migrate = function(state, from) return { m = state.n + from } end").accepted)
  t.equal(run.state, { m = 2 })
end)

local function wait_quiet()
  local start = system.seconds()
  while system.seconds() - start < 0.3 do end
end

test("a saved file is in force after the quiet, a broken one is tried once, a deleted one is told once", function(t)
  local run = new_run("seed = 3", 0)
  reload.open(run)
  reload.poll(run)
  t.equal(run.lines, {})
  system.write(run.folder .. "/r.lua", text_of "seed = 3, clip = 2")
  wait_quiet()
  reload.poll(run)
  t.equal(run.lines, { "reload@0" })
  system.write(run.folder .. "/r.lua", text_of "seed = 3, clip = ")
  wait_quiet()
  reload.poll(run)
  reload.poll(run)
  t.equal(run.lines, { "reload@0", "refused@0" })
  os.remove(run.folder .. "/r.lua")
  wait_quiet()
  reload.poll(run)
  reload.poll(run)
  t.equal(run.lines, { "reload@0", "refused@0", "warn@0" })
  system.write(run.folder .. "/r.lua", text_of "seed = 3, clip = 3")
  wait_quiet()
  reload.poll(run)
  t.equal(run.settings.clip, 3)
end)

test("recipe and parts are one unit: each part that is saved, lost or found again counts", function(t)
  local run = new_run("seed = 3", 0)
  reload.open(run)
  reload.poll(run)
  local function save(name, text)
    system.write(run.folder .. "/" .. name, text)
    wait_quiet()
    reload.poll(run)
    return run.lines[#run.lines]
  end
  system.make_folder(run.folder .. "/lib")
  t.equal(save("r.lua", "local parts = require 'lib.values' " .. text_of "seed = 3, clip = parts.clip"), "refused@0")
  t.equal(save("lib/values.lua", "return { clip = 2 }"), "reload@0")
  t.equal(run.settings.clip, 2)
  t.equal(save("lib/values.lua", "return { clip = 'much' }"), "refused@0")
  t.equal(save("lib/values.lua", "return { clip = 4 }"), "reload@0")
  t.equal(run.settings.clip, 4)
  os.remove(run.folder .. "/lib/values.lua")
  wait_quiet()
  reload.poll(run)
  t.equal(run.lines[#run.lines], "refused@0")
  t.equal(save("lib/values.lua", "return { clip = 5 }"), "reload@0")
  t.equal(run.settings.clip, 5)
  t.ok(run.recipe.text:find("--[part lib.values]", 1, true))
end)

test("what was saved between the reading of the recipe and the first step is not lost", function(t)
  local run = new_run("seed = 3", 0)
  system.write(run.folder .. "/r.lua", text_of "seed = 3, clip = 2")
  reload.open(run)
  reload.poll(run)
  t.equal(run.settings.clip, 2)
end)

test("a recipe whose first decision fails is taken back, with the state that it found", function(t)
  local run = new_run("on = { step = function(state) state.n = 1 return { lr = 1e-5 } end }", 0)
  reload.open(run)
  knobs.decide(run, 1)
  run.step = 1
  local good = run.recipe
  system.write(run.folder .. "/r.lua", text_of "on = { step = function() return { lr = 2e-5 } end }")
  wait_quiet()
  reload.poll(run)
  t.ok(run.recipe ~= good)
  run.failed_decision, run.step = 2, 2 -- as knobs.lua notes a hook that failed in step 2
  reload.poll(run)
  t.ok(run.recipe == good)
  t.equal(run.state, { n = 1 })
  t.near(knobs.decide(run, 3).lr, 1e-5, 1e-12)
  t.equal(run.lines[#run.lines - 1] .. " " .. run.lines[#run.lines], "reload@2 refused@2")
end)

test("looking costs less than 20 microseconds a step", function(t)
  local run = new_run("seed = 3", 0)
  reload.open(run)
  reload.poll(run)
  local start = system.seconds()
  for _ = 1, 10000 do reload.poll(run) end
  local each = (system.seconds() - start) / 10000
  t.ok(each < 20e-6, ("%.1f us"):format(1e6 * each))
end)

test("reloads leave memory as it was", function(t)
  local run = new_run("steps = 10", 0)
  local function turn(i)
    t.ok(now(run, ("steps = 10, clip = %d, on = { step = function(state) state.n = %d end }"):format(1 + i % 7, i)).accepted)
    if i % 10 == 0 then now(run, "steps = 10, clip = nonsense") end
  end
  for i = 1, 60 do turn(i) end
  collectgarbage() collectgarbage()
  local before = lorarun.memory().process_bytes
  for i = 61, 360 do turn(i) end
  collectgarbage() collectgarbage()
  local grown = lorarun.memory().process_bytes - before
  t.ok(grown < 4 * 2 ^ 20, ("%.1f MiB more"):format(grown / 2 ^ 20))
end)

test("every setting says when it may change, by its own mark or that of what it stands in", function(t)
  local schema = require "lorarun.schema"
  local when = { ["optimizer.lr"] = "step", ["timesteps.scale"] = "step", ["save.every"] = "reload", ["phases[1].lr"] = "reload",
    ["on.step.kind"] = "reload", steps = "reload", device = "restart", name = "restart" }
  for path, expected in pairs(when) do t.equal(schema.changes(path), expected, path) end
  for _, path in ipairs { "network.rank", "data[2].dir", "data[1].weight", "optimizer.weight_decay", "batch" } do
    t.equal(schema.changes(path), nil, path)
    t.ok(schema.reason(path), path)
  end
end)

test("a run folder of an older version, which held more to be fixed, is gone on with", function(t)
  local run = new_run("seed = 3")
  local manifest = { structure = run_folder.structure(run) }
  manifest.structure["phases[1].lr"], manifest.structure["save.every"] = 1, 10
  run_folder.check_structure(run, manifest)
  manifest.structure["network.rank"] = 8
  t.fails(function() run_folder.check_structure(run, manifest) end, "network.rank was 8 when this run began")
end)
