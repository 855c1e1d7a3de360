--- Several data sets in one run: each keeps its own trigger, sizes, repeats and weight, and captions are dropped as
--- often as their set says.

local train = require "lorarun.train"

local system, tensor = lorarun.system, lorarun.tensor
local BASE = system.share() .. "/tests/golden/micro_flux"

local function write_pictures(folder, count, caption)
  system.make_folder(folder)
  for i = 1, count do
    lorarun.image.save(folder .. "/" .. i .. ".png", tensor.uniform({ 3, 64, 64 }, { stream = folder:match("[^/]+$") .. i }))
    if caption then system.write(folder .. "/" .. i .. ".txt", caption) end
  end
end

--- Sets with these changes, in buckets of 32 and 64 px; gives a loader over them and what training needs beside.
local function open(folder, sets)
  for _, set in ipairs(sets) do
    set.dir, set.min_size, set.size_step = folder .. "/" .. set.dir, 32, 16
    set.resolution = set.resolution or { 64 }
  end
  local run = { model = lorarun.model.open(BASE, { dtype = "float32" }) }
  run.dataset = lorarun.data.open(sets, run.model:size_multiple())
  local cache = lorarun.data.cache(folder .. "/cache", run.model)
  lorarun.data.encode(run.dataset, run.model, cache)
  run.loader = lorarun.data.loader(run.dataset, cache, { batch = 1, seed = 5 })
  return run
end

--- How often each "caption, width" comes in one epoch.
local function epoch_of(run)
  local seen = {}
  for step = 1, run.loader:steps_per_epoch() do
    local batch = run.loader:next(step)
    local line = ("%s, %d"):format(batch:captions()[1], (batch:bucket()))
    seen[line] = (seen[line] or 0) + 1
    batch:free()
  end
  return seen
end

local function in_a_folder(body)
  local folder = system.temporary_folder()
  local done, problem = pcall(body, folder)
  system.remove(folder)
  if not done then error(problem, 0) end
end

test("sets of one run keep their own triggers, sizes and repeats, and prior ones get no trigger", function(t)
  in_a_folder(function(folder)
    write_pictures(folder .. "/fox", 2, "in the snow")
    write_pictures(folder .. "/close", 1)
    write_pictures(folder .. "/others", 2)
    t.equal(epoch_of(open(folder, {
      { dir = "fox", trigger = "zwx_", class = "fox", resolution = { 32, 64 } },
      { dir = "close", trigger = "kvt_", class = "eye", resolution = { 32 }, repeats = 3 },
      { dir = "others", trigger = "zwx_", class = "fox", prior = true },
    })), { ["zwx_, in the snow, 32"] = 2, ["zwx_, in the snow, 64"] = 2, ["kvt_ eye, 32"] = 3, ["fox, 64"] = 2 })
  end)
end)

test("captions are trained in the order in which they are written, and the default where none is", function(t)
  in_a_folder(function(folder)
    write_pictures(folder .. "/tags", 1, "c, a,  b\n")
    write_pictures(folder .. "/bare", 1)
    t.equal(epoch_of(open(folder, { { dir = "tags" }, { dir = "bare", trigger = "zwx_", caption = "a photo of {trigger}" } })),
      { ["c, a, b, 64"] = 1, ["a photo of zwx_, 64"] = 1 })
  end)
end)

test("a caption is dropped as often as its set says", function(t)
  in_a_folder(function(folder)
    write_pictures(folder .. "/often", 2, "often")
    write_pictures(folder .. "/never", 2, "never")
    local run, seen = open(folder, { { dir = "often", caption_dropout = 0.22 }, { dir = "never" } }), { [""] = 0 }
    for step = 1, 4000 do
      local batch = run.loader:next(step)
      local caption = batch:captions()[1]
      seen[caption] = (seen[caption] or 0) + 1
      batch:free()
    end
    t.equal(seen.never, 2000)
    t.near(seen[""] / 2000, 0.22, 0.028) -- three times its standard deviation
  end)
end)

test("a set of weight 0 teaches nothing, and half the weight is half the loss", function(t)
  in_a_folder(function(folder)
    write_pictures(folder .. "/fox", 1, "a fox")
    local function loss_at(weight)
      local run = open(folder, { { dir = "fox", weight = weight } })
      local network = lorarun.network.new(run.model, { options = { rank = 2, alpha = 2, dropout = 0 }, seed = 5 })
      local trainer = lorarun.trainer.new(run.model, network, { seed = 5 })
      return trainer:step(run.loader:next(1), { lr = 0 }).loss
    end
    local whole = loss_at(1)
    t.ok(whole > 0)
    t.near(loss_at(0.5), 0.5 * whole, 1e-6 * whole)
    t.equal(loss_at(0), 0)
  end)
end)

test("epochs are counted in steps of the data, and steps stand above them", function(t)
  t.equal(train.count_steps { settings = { epochs = 10 }, steps_per_epoch = 340 }, 3400)
  t.equal(train.count_steps { settings = { epochs = 0.5 }, steps_per_epoch = 9 }, 5)
  t.equal(train.count_steps { settings = { epochs = 0.01 }, steps_per_epoch = 9 }, 1)
  t.equal(train.count_steps { settings = { steps = 7 }, steps_per_epoch = 340 }, 7)
end)
