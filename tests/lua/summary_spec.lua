--- The last lines of a training, and a whole small training that ends in them.

local summary = require "lorarun.summary"

local system = lorarun.system

local function facts_of(more)
  local facts = { folder = "runs/a", name = "a", status = "complete", step = 1000, steps = 1000, seconds = 92.1, loss = {} }
  for step = 1, 1000 do facts.loss[step] = { step, step <= 500 and 0.5 or 0.25 } end
  for key, value in pairs(more or {}) do facts[key] = value end
  return facts
end

test("the lines say what was done and where to look", function(t)
  local lines = summary.lines(facts_of {
    evaluations = { names = { "heldout_loss" }, best = { heldout_loss = { step = 750, value = 0.29114 } } },
    lora = { path = "runs/a/checkpoints/a-001000.safetensors", bytes = 1782579 },
  }, { report = "runs/a/report.html", sheet = "runs/a/samples/before_after.png" }, false)
  t.equal(lines, {
    "complete    1,000 steps, 1 min 32 s of training (0.0921 s a step)",
    "loss        0.5 -> 0.25 (first and last tenth)",
    "measured    best heldout_loss 0.2911, at step 750",
    "file        runs/a/checkpoints/a-001000.safetensors, 1.7 MB",
    "pictures    runs/a/samples/before_after.png",
    "report      runs/a/report.html",
  })
end)

test("a run that was stopped says why, without what a terminal would obey", function(t)
  local lines = summary.lines(facts_of { status = "stopped", step = 40, why = "enough\27[2J of\n it" }, {}, false)
  t.equal({ lines[1]:match("^stopped +40 of 1,000 steps") ~= nil, lines[2] }, { true, "because     enough [2J of it" })
end)

test("a run without a step has no numbers to tell", function(t)
  t.equal(summary.lines(facts_of { loss = {}, step = 0, status = "interrupted" }, {}, false), { "interrupted 0 of 1,000 steps" })
end)

test("a path is a link on a terminal only", function(t)
  t.equal(summary.link("runs/a b/report.html", false), "runs/a b/report.html")
  local link = summary.link("/tmp/a b/report.html", true)
  t.equal(link, "\27]8;;file:///tmp/a%20b/report.html\27\\/tmp/a b/report.html\27]8;;\27\\")
end)

local RECIPE = [[return recipe {
  name = "small", steps = 4, seed = 3, model = flux { path = "%s", dtype = "float32" }, network = lora { rank = 2 },
  data = { images { dir = "photos", resolution = 64, min_size = 32, size_step = 16 } },
  batch = 2, optimizer = adamw { lr = 1e-2 },
  render = { every = 2, steps = 1, size = { 64, 64 }, prompts = { "a <b>thing</b>" } },
}]]

--- A folder with pictures and a recipe on the smallest base.
local function training_folder()
  local folder = system.temporary_folder()
  system.make_folder(folder .. "/photos")
  for i = 1, 3 do
    lorarun.image.save(("%s/photos/%d.png"):format(folder, i), lorarun.tensor.full({ 3, 64, 64 }, i / 4))
    system.write(("%s/photos/%d.txt"):format(folder, i), "thing " .. i)
  end
  system.write(folder .. "/small.lua", RECIPE:format(system.share() .. "/tests/golden/micro_flux"))
  return folder
end

test("a training ends with a report, a sheet and their names", function(t)
  local folder = training_folder()
  local code = require("lorarun.train").run { recipe = folder .. "/small.lua", runs = folder .. "/runs" }
  t.equal(code, 0)
  local html = system.read(folder .. "/runs/small/report.html")
  t.ok(html:find("a &lt;b&gt;thing&lt;/b&gt;", 1, true) and html:find("thing 3", 1, true))
  local _, pictures = html:gsub('src="data:image/png;base64,', "")
  t.equal(pictures, 6)
  t.ok(system.exists(folder .. "/runs/small/samples/before_after.png"))

  local made_again = require("lorarun.verbs.report").run { "small", runs = folder .. "/runs" }
  t.equal({ made_again, system.read(folder .. "/runs/small/report.html") == html }, { 0, true })
  system.remove(folder)
end)
