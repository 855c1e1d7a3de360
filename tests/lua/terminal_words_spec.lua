--- What a terminal is told: the log, comparisons, progress, and words at the REPL that are no Lua.

local compare_words = require "lorarun.compare_words"
local folded = require "lorarun.folded"
local journal = require "lorarun.journal"
local local_time = require "lorarun.local_time"
local pace = require "lorarun.pace"
local progress = require "lorarun.progress"
local repl = require "lorarun.repl"

local function event(step, name, fields)
  local one = { step = step, event = name, origin = "recipe" }
  for key, value in pairs(fields or {}) do one[key] = value end
  return one
end

--- A run whose rate falls at every step, with a checkpoint every tenth and a tweak in the middle.
local function falling(steps)
  local events = { event(0, "start", { recipe = "abc" }) }
  for step = 1, steps do
    events[#events + 1] = event(step, "decision", { key = "on.step", old = ('{"lr":%d}'):format(steps - step + 1),
      new = ('{"lr":%d}'):format(steps - step) })
    if step % 10 == 0 then events[#events + 1] = event(step, "checkpoint", { path = ("c/run-%03d.safetensors"):format(step) }) end
  end
  events[#events + 1] = event(steps, "stop", { what = "complete" })
  return events
end

local function said(events)
  local lines = {}
  for i, list in ipairs(folded.of(events)) do lines[i] = list[2] and journal.say_together(list) or journal.say(list[1]) end
  return lines
end

test("a rate that falls at every step is one line of the log, with first and last value and count", function(t)
  local events = falling(400)
  local lines = said(events)
  t.equal(#lines, 4)
  t.equal(lines[2], "on.step: lr 400 -> 0; 400 times, the last at step 400")
  t.equal(lines[3], "run-010.safetensors … run-400.safetensors; 40 times, the last at step 400")
  t.equal(#folded.apart(events), 442)
end)

test("what somebody did stands for itself, and what repeats begins anew behind it", function(t)
  local events = falling(40)
  table.insert(events, 22, event(20, "tweak", { id = 1, key = "lr", new = 3, from = 21 }))
  local kinds = {}
  for i, list in ipairs(folded.of(events)) do kinds[i] = list[1].event .. " " .. #list end
  t.equal(kinds, { "start 1", "decision 19", "checkpoint 1", "tweak 1", "decision 21", "checkpoint 1", "checkpoint 1",
    "checkpoint 1", "stop 1" })
end)

test("three of a kind are three lines, in their order", function(t)
  local events = { event(1, "decision", { key = "a" }), event(2, "evaluate", { loss = 1 }), event(3, "decision", { key = "a" }) }
  local steps = {}
  for i, list in ipairs(folded.of(events)) do steps[i] = list[1].step end
  t.equal(steps, { 1, 2, 3 })
end)

test("warnings of a hook that fails at every step are one line for each key", function(t)
  local events = {}
  for step = 1, 50 do
    events[#events + 1] = event(step, "warn", { key = "on.step", what = "boom at step " .. step })
    events[#events + 1] = event(step, "warn", { key = "reload", what = "no file" })
  end
  t.equal(said(events), { "boom at step 1; 50 times, the last at step 50", "no file; 50 times, the last at step 50" })
end)

test("evaluations, selections and decisions are said in words", function(t)
  t.equal(journal.say(event(10, "evaluate", { heldout_loss = 1.25, seconds = 2, pictures = 3, details = { a = 1 } })), "heldout_loss 1.25")
  t.equal(journal.say(event(10, "select", { key = "keep_best#1", metric = "m", place = 1, kept = { { step = 10, value = 0.5 } } })),
    "keep_best#1: m 0.5, place 1 of those kept")
  t.equal(journal.say(event(10, "decision", { key = "on.step", old = '{"clip":1,"lr":2}', new = '{"clip":1}' })),
    "on.step: clip 1, lr 2 -> nothing")
  t.equal(journal.say(event(10, "decision", { key = "early_stop#1", new = "waits" })), "early_stop#1: waits")
end)

test("times are those of the clock on the wall", function(t)
  local seconds = local_time.seconds "2026-11-28T11:42:21.546Z"
  t.equal(seconds, 1795866141)
  t.equal(local_time.seconds "1970-01-01T00:00:00Z", 0)
  t.equal(local_time.seconds "2024-02-29T00:00:01Z", 1709164801)
  t.equal(local_time.text "2026-11-28T11:42:21.546Z", os.date("%Y-%m-%d %H:%M:%S", seconds))
  t.equal(local_time.zone "2026-11-28T11:42:21.546Z", os.date("%Z", seconds))
  t.equal({ local_time.text(nil), local_time.text "torn" }, { "", "torn" })
end)

test("a comparison folds what one run alone did, what is equal, and what differs again and again", function(t)
  local events, evaluations, checkpoints = {}, {}, {}
  for i = 1, 6 do
    events[i] = event(10 * i, "select", { key = "keep_best#1", metric = "m", place = 1, kept = { { step = 10 * i, value = 7 - i } } })
    evaluations[i] = { step = 10 * i, metric = "m", first = 1, second = i < 5 and 1 or 2 }
    checkpoints[i] = { step = 10 * i, equal = i < 5, relative = i < 5 and 0 or i / 100 }
  end
  t.equal(compare_words.events(events), { { at = "steps 10–60",
    text = "select keep_best#1: m 6 -> 1, place 1 of those kept; 6 times, the last at step 60" } })
  t.equal(compare_words.evaluations(evaluations), { { at = "steps 10–40", metric = "m, equal 4 times, the last", first = 1, second = 1 },
    { at = "step 50", metric = "m", first = 1, second = 2 }, { at = "step 60", metric = "m", first = 1, second = 2 } })
  t.equal(compare_words.checkpoints(checkpoints), { { at = "steps 10–40", text = "tensors equal to the bit in 4 checkpoints" },
    { at = "step 50", text = "tensors differ by 0.05 of their norm" }, { at = "step 60", text = "tensors differ by 0.06 of their norm" } })
end)

test("the pace is learned from the last minutes, not from the first step", function(t)
  local now = pace.new()
  t.equal(now:seconds_per_step(), nil)
  now:note(1, 100) -- the first step warms up for 100 s
  t.equal(now:seconds_per_step(), nil)
  for step = 2, 401 do now:note(step, 100 + (step - 1)) end
  t.near(now:seconds_per_step(), 1)
  for step = 402, 500 do now:note(step, 500 + 4 * (step - 401)) end -- another program takes most of the card
  t.near(now:seconds_per_step(), 4)
  now:note(450, 1000) -- back to a checkpoint
  t.equal(now:seconds_per_step(), nil)
end)

test("steps of minutes are averaged over eight, fast ones keep few marks", function(t)
  local slow, fast = pace.new(), pace.new()
  for step = 1, 20 do slow:note(step, 300 * step) end
  t.near(slow:seconds_per_step(), 300)
  t.ok(#slow.marks >= 8 and #slow.marks <= 10)
  for step = 1, 100000 do fast:note(step, 0.01 * step) end
  t.near(fast:seconds_per_step(), 0.01, 1e-9)
  t.ok(#fast.marks < 400)
end)

test("a narrow terminal loses words from the right, none of them half", function(t)
  local parts = { "step 1/2", "50 %", "loss 1.0", "", "lr 1e-4" }
  t.equal(progress.line(parts, nil), "step 1/2  50 %  loss 1.0  lr 1e-4")
  t.equal(progress.line(parts, 20), "step 1/2  50 %")
  t.equal(progress.line(parts, 5), "step")
end)

--- Types a line at the REPL of a run that stands at step 5.
local function typed(text, run)
  run = run or {}
  run.live, run.knobs, run.step, run.steps = run.live or { sessions = {} }, { lr = 1e-4, clip = 1 }, 5, 10
  run.records = run.records or { event = function() end }
  return repl.evaluate(run, { client = 1, text = text, is_last = true }, function() return {} end)
end

test("help, quit and exit do at the REPL what people expect, or say how", function(t)
  t.ok(typed("help").out:find(":tweak lr=3e-5", 1, true))
  t.equal({ typed("help lr").out, typed("help('lr')").out }, { typed('help "lr"').out, typed("help lr").out })
  for _, word in ipairs { "quit", "exit", "exit()", ":exit", "quit;" } do
    local answer = typed(word)
    t.equal({ answer.status, answer.out:find(":quit", 1, true) ~= nil }, { "done", true })
  end
end)

test("a command without its colon says how it is typed", function(t)
  for text, how in pairs { ["tweak lr=3e-5 --for 10"] = "`:tweak lr=3e-5 --for 10`", pause = "`:pause`", ["stop()"] = "`:stop`",
    resume = "`:continue`", status = "`:status`", ["set lr 3"] = "`:tweak lr=3e-5`" } do
    local answer = typed(text)
    t.equal(answer.status, "error")
    t.ok(answer.problem:find(how, 1, true), answer.problem)
  end
  local run = {}
  typed("status = 3", run)
  t.equal(typed("status", run).out, "3\n")
end)

test("an assignment to a knob says which tweak does it", function(t)
  for text, how in pairs { ["lr = 3e-5"] = "`:tweak lr=3e-05`", ["knobs.lr = 3e-5"] = "`:tweak lr=3e-05`", ["clip = 2"] = "`:tweak clip=2`",
    ["ema = 0.9"] = "`:tweak ema=0.9`" } do
    local answer = typed(text)
    t.equal(answer.status, "error")
    t.ok(answer.problem:find(how, 1, true), answer.problem)
  end
  t.equal(typed("weights = {}").status, "done")
  t.equal(typed("rank = 4").status, "done")
end)

test("a session that writes reads knobs, too: each step decides them anew", function(t)
  local run = {}
  t.equal(typed(":write", run).mode, "write")
  t.ok(typed("knobs.lr = 1", run).problem:find("`:tweak lr=1`", 1, true))
  t.equal(typed("knobs.lr", run).out, "0.0001\n")
end)
