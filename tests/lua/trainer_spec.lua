--- Training by script: data, loader, trainer and checkpoints on the micro base.

local system, tensor = lorarun.system, lorarun.tensor
local BASE = system.share() .. "/tests/golden/micro_flux"

local function new_folder()
  local folder = os.tmpname()
  os.remove(folder)
  system.make_folder(folder .. "/photos")
  for i = 1, 4 do
    lorarun.image.save(folder .. "/photos/" .. i .. ".png", tensor.uniform({ 3, 64, 64 }, { stream = "p" .. i }))
  end
  return folder
end

local function open(folder)
  local run = { folder = folder, model = lorarun.model.open(BASE, { dtype = "float32" }) }
  run.dataset = lorarun.data.open({ { dir = folder .. "/photos", caption = "a thing", resolution = { 64 },
    min_size = 32, size_step = 16 } }, run.model:size_multiple())
  run.cache = lorarun.data.cache(folder .. "/cache", run.model)
  run.counts = lorarun.data.encode(run.dataset, run.model, run.cache, { "a prompt" })
  run.loader = lorarun.data.loader(run.dataset, run.cache, { batch = 2, seed = 5 })
  run.network = lorarun.network.new(run.model, { options = { rank = 2, alpha = 2, dropout = 0 }, seed = 5 })
  run.trainer = lorarun.trainer.new(run.model, run.network, { seed = 5 })
  return run
end

local KNOBS = { lr = 1e-2, ema = 0.9 }

local function train(run, from, to)
  local losses = {}
  for step = from, to do losses[#losses + 1] = run.trainer:step(run.loader:next(step), KNOBS).loss end
  return losses
end

test("a data set reports itself and encodes once", function(t)
  local folder = new_folder()
  local run = open(folder)
  t.equal(run.dataset:facts().pictures, 4)
  t.ok(run.dataset:report():find("4 pictures", 1, true))
  t.equal(run.counts.latents_encoded, 4)
  t.equal(open(folder).counts.latents_encoded, 0)
  t.equal(run.cache:text("a prompt"):pooled("clip_l"):size(1), 1)
  os.execute("rm -r " .. folder)
end)

test("a signal stops the encoding, and the same call goes on with it", function(t)
  local encoding, folder = require "lorarun.encoding", new_folder()
  local run, signal, looks = open(folder), system.signal, 0
  run.cache, run.cache_folder = lorarun.data.cache(folder .. "/other", run.model), folder .. "/other"
  system.signal = function()
    looks = looks + 1
    if looks >= 3 then return "SIGINT", 130 end
  end
  t.fails(function() encoding.all(run, run.dataset) end, "stopped by SIGINT while pictures")
  system.signal = signal
  local counts = encoding.all(run, run.dataset)
  t.equal({ counts.latents_found, counts.latents_encoded, counts.stopped }, { 3, 1, false })
  os.execute("rm -r " .. folder)
end)

test("batches name their pictures and captions", function(t)
  local folder = new_folder()
  local batch = open(folder).loader:next(1)
  t.equal(batch:size(), 2)
  t.equal(#batch:items(), 2)
  t.equal(batch:captions(), { "a thing", "a thing" })
  t.equal({ batch:bucket() }, { 64, 64 })
  t.equal(batch:latents():size(), { 2, 16, 8, 8 })
  os.execute("rm -r " .. folder)
end)

test("trainer:step gives finite statistics and moves the weights", function(t)
  local folder = new_folder()
  local run = open(folder)
  local stats = run.trainer:step(run.loader:next(1), KNOBS)
  t.ok(stats.loss == stats.loss and stats.loss > 0)
  t.equal(#stats.losses, 2)
  t.equal(#stats.sigma, 2)
  t.equal(stats.lr.transformer, 1e-2)
  t.ok(run.network:delta_weight(run.network:targets()[1]):abs():max():item() > 0)
  t.ok(run.trainer:has_ema())
  os.execute("rm -r " .. folder)
end)

test("an unknown knob names its candidates", function(t)
  local folder = new_folder()
  local run = open(folder)
  t.fails(function() run.trainer:step(run.loader:next(1), { learning_rate = 1 }) end, "options: ")
  os.execute("rm -r " .. folder)
end)

test("a checkpoint brings the rest of a run back to the bit", function(t)
  local folder = new_folder()
  local run = open(folder)
  train(run, 1, 3)
  local place = { folder = folder .. "/checkpoints", name = "x", state = { cursor = run.loader:cursor(), note = "hello" } }
  local file = lorarun.checkpoint.save(run.trainer, 3, place)
  t.ok(system.exists(file))
  t.equal(lorarun.checkpoint.steps(folder .. "/checkpoints", "x"), { 3 })
  local expected = train(run, 4, 6)

  local again = open(folder)
  local state = lorarun.checkpoint.load(again.trainer, { folder = folder .. "/checkpoints", name = "x" })
  t.equal(state.note, "hello")
  again.loader:seek(state.cursor)
  t.equal(train(again, 4, 6), expected)
  os.execute("rm -r " .. folder)
end)

test("a picture is rendered from the same noise each time", function(t)
  local folder = new_folder()
  local run = open(folder)
  local options = { width = 64, height = 64, steps = 2, seed = 1 }
  local text = run.cache:text("a prompt")
  local a, b = lorarun.render.picture(run.model, text, 1, options), lorarun.render.picture(run.model, text, 1, options)
  local c = lorarun.render.picture(run.model, text, 2, options)
  t.equal(a:size(), { 3, 64, 64 })
  t.ok(a:equal(b))
  t.ok(not a:equal(c))
  os.execute("rm -r " .. folder)
end)

test("lorarun.optimizer moves the tensors of a script", function(t)
  local w = tensor.from({ 5 }):requires_grad(true)
  local optimizer = lorarun.optimizer.new("adamw", { w }, { weight_decay = 0 })
  for _ = 1, 200 do
    ((w - 2) ^ 2):sum():backward()
    optimizer:step(0.1)
  end
  t.near(w:item(), 2, 0.05)
  t.fails(function() lorarun.optimizer.new("adamw", { tensor.zeros { 1 } }) end, "needs no gradient")
end)

test("a step may take more micro-batches, other weights and other captions; the position stays right", function(t)
  local folder = new_folder()
  local run = open(folder)
  local long = run.loader:next(1, { accumulate = 2, caption_dropout = 1, weights = { 0 } })
  t.equal(long:size(), 4)
  t.equal(long:captions(), { "", "", "", "" })
  t.equal(run.loader:cursor().micro, 2)
  t.equal(run.trainer:step(long, KNOBS).loss, 0)
  t.equal(run.loader:next(2):captions(), { "a thing", "a thing" })
  os.execute("rm -r " .. folder)
end)

test("the loss at chosen sigmas touches nothing of training and comes again to the bit", function(t)
  local folder = new_folder()
  local run, twin = open(folder), open(folder)
  local batch = run.loader:fixed { 4, 1 }
  t.equal(batch:items(), { "4.png", "1.png" })
  local first = run.trainer:loss(batch, { sigmas = { 0.2, 0.8 }, seed = 9 })
  t.equal({ #first.by_sigma, #first.losses, #first.losses[1] }, { 2, 2, 2 })
  t.near(first.mean, (first.by_sigma[1] + first.by_sigma[2]) / 2, 1e-12)
  t.equal(run.trainer:loss(batch, { sigmas = { 0.2, 0.8 }, seed = 9 }), first)
  t.equal(run.trainer:loss(run.loader:fixed { 4 }, { sigmas = { 0.2 }, seed = 9 }).losses[1][1], first.losses[1][1])
  t.equal(train(run, 1, 2), train(twin, 1, 2))
  t.fails(function() run.trainer:loss(batch, { sigmas = { 1.5 } }) end, "from 0 to 1")
  t.fails(function() run.loader:fixed { 5 } end, "items are 1 to 4")
  os.execute("rm -r " .. folder)
end)

test("a factor of 0 freezes the modules that a pattern names", function(t)
  local folder = new_folder()
  local run = open(folder)
  local function ups(word)
    local sum = 0
    for name, x in pairs(run.network:parameters()) do
      if name:find(word, 1, true) and name:find("%.up$") then sum = sum + x:abs():sum():item() end
    end
    return sum
  end
  local stats = run.trainer:step(run.loader:next(1), { lr = 1e-2, module_factors = { ["attn.to_q"] = 0, ff = 0.5 } })
  t.equal(ups("attn.to_q"), 0)
  t.ok(ups("attn.to_k") > 0)
  t.equal(stats.grad_norms.transformer, stats.grad_norm)
  os.execute("rm -r " .. folder)
end)

test("network_dropout stands in place of the network's own", function(t)
  local folder = new_folder()
  local function loss_at(dropout)
    local run = open(folder)
    run.trainer:step(run.loader:next(1), { lr = 1 })
    return run.trainer:step(run.loader:next(2), { lr = 0, network_dropout = dropout }).loss
  end
  t.equal(loss_at(0), loss_at(nil))
  t.ok(loss_at(0.5) ~= loss_at(0))
  t.fails(function() loss_at(1) end, "below 1")
  os.execute("rm -r " .. folder)
end)

test("a network on text encoders names its modules by encoder, and trains them live", function(t)
  local folder = new_folder()
  local run = open(folder)
  run.network:free()
  run.network = lorarun.network.new(run.model, { options = { rank = 4, alpha = 2 }, seed = 5, text_encoders = { "clip_l" },
    text_encoder_rank = 2, text_encoder_targets = { "q_proj" } })
  t.equal(run.network:components(), { "transformer", "clip_l" })
  local name = "clip_l.text_model.encoder.layers.0.self_attn.q_proj"
  t.equal(run.network:parameters()["clip_l/" .. name:sub(8) .. ".down"]:size(1), 2)
  t.equal(run.network:count("transformer") + run.network:count("clip_l"), run.network:count())
  run.trainer = lorarun.trainer.new(run.model, run.network, { seed = 5 })
  t.fails(function() run.trainer:step(run.loader:next(1), KNOBS) end, 'call cache:set_live("clip_l")')
  run.cache:set_live("clip_l")
  t.equal(run.cache:live(), { "clip_l" })
  t.ok(run.trainer:step(run.loader:next(2), KNOBS).grad_norms.clip_l > 0)
  t.ok(run.network:delta_weight(name):abs():max():item() > 0)
  t.ok(run.model:change_key("clip_l") ~= "")
  t.equal(run.model:change_key("t5"), "")
  run.cache:set_cached("clip_l")
  t.equal(run.cache:encode(run.dataset, "clip_l", { "a prompt" }), 3)
  t.ok(not run.model:is_loaded("clip_l"))
  os.execute("rm -r " .. folder)
end)

test("a text encoder that the model lacks is refused by name", function(t)
  local model = lorarun.model.open(BASE, { dtype = "float32" })
  t.fails(function() lorarun.network.new(model, { text_encoders = { "clip_i" } }) end, "did you mean 'clip_l'?")
end)
