--- The report of a run: what it says of a folder, that nobody's words break it, and that parts may be missing.

local base64 = require "lorarun.report.base64"
local changes = require "lorarun.report.changes"
local commands = require "lorarun.report.commands"
local curves = require "lorarun.report.curves"
local facts = require "lorarun.report.facts"
local page = require "lorarun.report.page"
local png_text = require "lorarun.report.png_text"
local report = require "lorarun.report"
local samples = require "lorarun.report.samples"
local words = require "lorarun.report.words"

local system = lorarun.system

local HOSTILE = [["><script>alert('x')</script>&]]

local made = {}

local function temporary_folder()
  made[#made + 1] = system.temporary_folder()
  return made[#made]
end

local function write_lines(path, lines)
  local texts = {}
  for i, line in ipairs(lines) do texts[i] = system.encode(line) end
  system.write(path, table.concat(texts, "\n") .. "\n")
end

--- A run folder in a folder of its own; gives its path. `more` has fields of the manifest, journal, metrics.
local function run_folder(more)
  more = more or {}
  local folder = temporary_folder() .. "/runs/first"
  system.make_folder(folder)
  local manifest = { name = "first", status = "complete", step = 20, steps = 20, seed = 5, device = "cpu" }
  for key, value in pairs(more.manifest or {}) do manifest[key] = value end
  system.write(folder .. "/manifest.json", system.encode(manifest))
  if more.journal then write_lines(folder .. "/journal.jsonl", more.journal) end
  if more.metrics then write_lines(folder .. "/metrics.jsonl", more.metrics) end
  return folder
end

local function losses(count)
  local lines = {}
  for step = 1, count do
    lines[step] = { step = step, loss = 1 + 1 / step, lr = { transformer = 1e-3 }, seconds = 0.5, items = { "a.png" } }
  end
  return lines
end

local function draw(folder, step, prompts)
  local own = ("%s/samples/%06d"):format(folder, step)
  system.make_folder(own)
  for i, prompt in ipairs(prompts) do
    lorarun.image.save(("%s/%03d.png"):format(own, i - 1), lorarun.tensor.full({ 3, 32, 32 }, step / 100),
      { parameters = prompt .. "\nSteps: 4, Sampler: euler" })
  end
end

local function settings(more)
  local all = { model = { path = "/models/base", kind = "flux", dtype = "float32" }, batch = 2, accumulate = 1, ema = 0,
    network = { kind = "lora", rank = 4, alpha = 4, text_encoders = {} }, optimizer = { kind = "adamw", lr = 1e-3 },
    schedule = { kind = "constant" }, data = {} }
  for key, value in pairs(more or {}) do all[key] = value end
  return all
end

local function page_of(folder, known) return page.of(facts.of(folder, known)) end

local function count(text, part)
  local found, at = 0, 1
  while true do
    local first, last = text:find(part, at, true)
    if not first then return found end
    found, at = found + 1, last + 1
  end
end

test("base64 is that of RFC 4648", function(t)
  for bytes, text in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
    foobar = "Zm9vYmFy", ["\255\254\253"] = "//79", ["\0\0\0\0"] = "AAAAAA==" } do
    t.equal(base64.encode(bytes), text)
  end
end)

test("a picture says itself which prompt it shows", function(t)
  local folder = temporary_folder()
  local function prompt_of(parameters)
    lorarun.image.save(folder .. "/a.png", lorarun.tensor.zeros { 3, 8, 8 }, { parameters = parameters })
    return png_text.prompt_of(folder .. "/a.png")
  end
  t.equal(prompt_of "a fox\nSteps: 20, Sampler: euler", "a fox")
  t.equal(prompt_of "a fox, Steps: one\nsecond line\nNegative prompt: blurry\nSteps: 20", "a fox, Steps: one\nsecond line")
  t.equal(prompt_of "ein Füchslein\nSteps: 20", "ein Füchslein")
  t.equal(prompt_of "no settings", nil)
  system.write(folder .. "/b.png", "not a picture")
  t.equal(png_text.prompt_of(folder .. "/b.png"), nil)
  t.equal(png_text.prompt_of(folder .. "/absent.png"), nil)
  t.equal(png_text.of("\137PNG\r\n\26\n\255\255\255\255tEXtkey"), {})
end)

test("a page holds numbers, curves and commands of its run", function(t)
  local folder = run_folder { metrics = losses(20), journal = {
    { event = "start", step = 0, parameters = 1234567, recipe = "0123456789abcdef", time = "2026-01-02T03:04:05.678Z" },
    { event = "evaluate", step = 0, heldout_loss = 0.9, pictures = 2, seconds = 1 },
    { event = "evaluate", step = 20, heldout_loss = 0.5, pictures = 2, seconds = 1 },
    { event = "stop", step = 20, what = "complete" } } }
  local html = page_of(folder, { settings = settings(), text = "return recipe {}" })
  for _, part in ipairs { "<title>first: report</title>", "2026-01-02 03:04 UTC", "LoRA of rank 4, alpha 4: 1,234,567 parameters",
    "1.75 → 1.051", "10 s", "best heldout loss, at step 20", "moving average", "Learning rate", "lorarun replay", "return recipe {}" } do
    t.ok(html:find(part, 1, true), part)
  end
  t.equal(count(html, "<polyline"), 4)
end)

test("a page asks for nothing from anywhere", function(t)
  local folder = run_folder { metrics = losses(3) }
  draw(folder, 0, { "one", "two" })
  draw(folder, 20, { "one", "two" })
  local html = page_of(folder, { settings = settings(), text = "" })
  for _, outside in ipairs { "http:", "https:", "<script", "<link", "@import", "url(", 'src="samples' } do
    t.ok(not html:find(outside, 1, true), outside)
  end
  t.equal(count(html, 'src="data:image/png;base64,'), 4)
  t.ok(html:find("default-src 'none'", 1, true))
end)

test("nobody's words become markup", function(t)
  local folder = run_folder { manifest = { name = HOSTILE, status = HOSTILE, device = HOSTILE, machine = { cpu = HOSTILE } },
    metrics = { { step = 1, loss = 1, lr = { [HOSTILE] = 1 }, items = { HOSTILE .. ".png" } } },
    journal = { { event = "start", step = 0, recipe = HOSTILE, path = HOSTILE, time = HOSTILE },
      { event = "tweak", step = 1, id = 1, key = HOSTILE, new = HOSTILE, origin = HOSTILE },
      { event = "decision", step = 1, key = HOSTILE, new = HOSTILE },
      { event = "evaluate", step = 1, [HOSTILE] = 1 }, { event = "warn", step = 1, what = HOSTILE },
      { event = "stop", step = 1, what = HOSTILE } } }
  draw(folder, 0, { HOSTILE })
  draw(folder, 20, { HOSTILE })
  local photos = temporary_folder()
  lorarun.image.save(photos .. "/a.png", lorarun.tensor.zeros { 3, 8, 8 })
  system.write(photos .. "/a.txt", HOSTILE)
  local known = facts.of(folder, { text = HOSTILE, settings = settings { model = { path = "/" .. HOSTILE, kind = HOSTILE, dtype = HOSTILE },
    network = { kind = HOSTILE, rank = 1, text_encoders = { HOSTILE } },
    data = { { dir = photos, trigger = HOSTILE, class = HOSTILE, caption = HOSTILE } } } })
  known.pictures = { "a.png" }
  local html = page.of(known)
  t.ok(not html:find("<script", 1, true))
  t.ok(not html:find("alert('", 1, true))
  t.ok(count(html, "&lt;script&gt;") > 12)
  for tag in html:gmatch("<img[^>]*>") do t.equal(count(tag, '"'), 8) end
end)

test("what is missing is left out", function(t)
  local html = page_of(run_folder())
  t.ok(html:find("No step was written down", 1, true) and html:find("The recipe no longer opens", 1, true))
  t.ok(not html:find("<img", 1, true) and not html:find("<h2>What changed", 1, true))
  local folder = run_folder { metrics = losses(1) }
  draw(folder, 0, { "one" })
  t.ok(page_of(folder, { settings = settings { data = { { dir = "/nowhere", trigger = "", class = "", caption = "" } } } }))
  local path, sheet = report.write(folder)
  t.equal({ path == folder .. "/report.html", sheet }, { true })
end)

test("a line of the journal that is no event takes nothing with it", function(t)
  local folder = run_folder { metrics = { { step = 1, loss = "high" }, { step = 2, loss = 2, items = "none" }, { loss = 3 } } }
  system.write(folder .. "/journal.jsonl",
    '{"event":"start","step":0}\n{"torn":\n[1,2]\n{"event":"decision","step":1,"key":7,"new":"[1]"}\n')
  t.ok(page_of(folder, {}))
end)

test("pictures past the limit are linked from the page's folder", function(t)
  local folder = run_folder { metrics = losses(3) }
  draw(folder, 0, { "one" })
  draw(folder, 20, { "one" })
  local html = page.of(facts.of(folder, {}), 200)
  t.ok(html:find('src="samples/000020/000.png"', 1, true))
  t.ok(not html:find("data:image/png", 1, true))
end)

test("a large picture is made smaller", function(t)
  local photos = temporary_folder()
  lorarun.image.save(photos .. "/a.png", lorarun.tensor.uniform({ 3, 400, 600 }, { seed = 1, stream = "spec", sample = 1 }))
  local store = require("lorarun.report.pictures").new()
  local text = store:uri(photos .. "/a.png", 120)
  t.ok(#text > 1000 and #text < 200000, tostring(#text))
  t.equal(store:uri(photos .. "/absent.png", 120), nil)
end)

test("samples are rows of prompts and columns of steps, whatever a reload changed", function(t)
  local folder = run_folder()
  for step = 0, 60, 10 do draw(folder, step, step < 30 and { "old", "same" } or { "same", "new", "new" }) end
  local found = samples.of(folder, 60)
  t.equal({ found.steps, found.drawn }, { { 0, 20, 30, 50, 60 }, 7 })
  t.equal({ found.rows[1].prompt, found.rows[2].prompt, found.rows[3].prompt }, { "same", "new", "new" })
  t.ok(found.rows[1].paths[0]:find("000000/001.png", 1, true) and found.rows[1].paths[60]:find("000060/000.png", 1, true))
  t.equal(found.rows[2].paths[0], nil)
  t.ok(found.rows[3].paths[60]:find("002.png", 1, true))
  t.equal(samples.of(folder, 25).steps, { 0, 10, 20 })
end)

test("the sheet before and after has a row a prompt and a column a step", function(t)
  local folder = run_folder { metrics = losses(2) }
  draw(folder, 0, { "one", "two" })
  draw(folder, 20, { "one", "two" })
  local _, sheet = report.write(folder)
  local info = lorarun.image.info(sheet)
  t.ok(info.width > 2 * 64 and info.height > 2 * 64)
  t.equal(sheet, folder .. "/samples/before_after.png")
end)

test("runs of decisions are one line, other changes stand alone", function(t)
  local events = { { event = "start", step = 0 } }
  for step = 1, 6 do
    events[#events + 1] = { event = "decision", step = step, key = "on.step", origin = "recipe",
      old = step > 1 and ('{"lr":%g}'):format(step - 1) or nil, new = ('{"lr":%g}'):format(step) }
    events[#events + 1] = { event = "checkpoint", step = step, path = "x" }
  end
  events[#events + 1] = { event = "tweak", step = 6, id = 1, key = "lr", new = 3, from = 7, origin = "tweak" }
  events[#events + 1] = { event = "decision", step = 7, key = "on.step", old = '{"lr":6}', new = '{"clip":1,"lr":7}' }
  local found = changes.of(events)
  t.equal(#found, 3)
  t.equal({ found[1].step, found[1].to, #found[1].lines, found[1].what }, { 1, 6, 6, "on.step: lr 1 → lr 6" })
  t.equal({ found[2].event, found[2].to }, { "tweak" })
  t.equal(found[3].what, "on.step: lr 6 → clip 1, lr 7")
end)

test("steps that going back gave up are no part of the curve", function(t)
  local folder = run_folder { manifest = { step = 12, status = "stopped" }, metrics = losses(20) }
  local known = facts.of(folder, {})
  t.equal({ #known.loss, known.step }, { 12, 12 })
end)

test("a run that died stands where its last line does", function(t)
  local folder = run_folder { manifest = { step = 0, status = "running" }, metrics = losses(7) }
  t.equal(facts.of(folder, {}).step, 7)
end)

test("commands stand as they are typed, whatever names hold", function(t)
  t.equal(commands.quote "runs/a-1.safetensors:0.8", "runs/a-1.safetensors:0.8")
  t.equal(commands.quote "it's; rm -rf", "'it'\\''s; rm -rf'")
  t.equal(commands.quote "", "''")
  local list = commands.of { folder = "runs/a b", word = "runs/a b", name = "a", status = "interrupted", steps = 5 }
  t.ok(list[1].command:find("lorarun 'runs/a b'", 1, true) or list[1].command:find("/runs/a b'", 1, true), list[1].command)
end)

test("a model that was trained whole is exported before it draws", function(t)
  local list = commands.of { folder = "runs/a", word = "a", name = "a", status = "complete", steps = 5, fork_at = 5,
    settings = settings { network = { kind = "full" } }, lora = { path = "/checkpoints/a-000005.safetensors" } }
  t.ok(list[1].command:find("lorarun export /models/base a_model --weights /checkpoints/a-000005.safetensors", 1, true), list[1].command)
  t.ok(list[2].command:find("lorarun sample a_model --prompt", 1, true))
  for _, one in ipairs(list) do t.ok(not one.command:find("fork", 1, true)) end
end)

test("averages begin and end with the curve", function(t)
  local points = {}
  for i = 1, 60 do points[i] = { i, i % 2 } end
  local smooth = curves.smooth(points)
  t.equal({ #smooth, smooth[1], smooth[60] }, { 60, { 1, 1 }, { 60, 0 } })
  t.near(smooth[30][2], 0.4, 1e-9)
  t.equal({ curves.tenths {} }, {})
  t.equal({ curves.tenths { { 1, 4 }, { 2, 2 } } }, { 4, 2 })
end)

test("numbers are grouped as people read them", function(t)
  t.equal({ words.grouped(7), words.grouped(1000), words.grouped(1234567) }, { "7", "1,000", "1,234,567" })
  t.equal({ words.bytes_text(2048), words.bytes_text(3 * 2 ^ 20), words.duration(4.25) }, { "2 kB", "3.0 MB", "4.3 s" })
end)

for _, folder in ipairs(made) do system.remove(folder) end
