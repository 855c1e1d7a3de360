--- Models, networks and trainers from a script, on the micro base.

local share = lorarun.system.share()
local tensor = lorarun.tensor
local BASE = share .. "/tests/golden/micro_flux"

local function open_model() return lorarun.model.open(BASE, { dtype = "float32" }) end

local function latents(model) return tensor.normal({ 2, model:latent_channels(), 8, 8 }, { stream = "latents" }) end

test("a folder tells its family", function(t)
  local model = open_model()
  t.equal(model:family(), "flux")
  t.equal(model:latent_channels(), 16)
  t.equal(model:pixels_per_latent(), 8)
  t.equal(model:size_multiple(), 16)
end)

test("a folder that is no model is refused", function(t)
  local problem = t.fails(function() lorarun.model.open("/no/such/folder") end, "/no/such/folder")
  t.equal(problem.exit_code, 2)
end)

test("texts, pictures and predictions have the shapes that the family says", function(t)
  local model = open_model()
  local text = model:encode_text { "a fox", "a house" }
  t.equal(text:pooled("clip_l"):size(1), 2)
  t.equal(text:embedding("t5"):dim(), 3)
  t.equal(text:tokens("t5"):dtype(), "int64")
  t.ok(text:embedding("nothing") == nil)
  local x = latents(model)
  t.equal(model:predict(x, tensor.from { 0.2, 0.9 }, text):size(), { 2, 16, 8, 8 })
  local pixels = tensor.uniform({ 1, 3, 64, 64 }, { stream = "pixels" }) * 2 - 1
  t.equal(model:encode_image(pixels):size(), { 1, 16, 8, 8 })
  t.equal(model:decode_image(x):size(), { 2, 3, 64, 64 })
end)

test("a network starts as the base model and its gradient reaches every module", function(t)
  local model = open_model()
  local text, x, sigma = model:encode_text { "a fox", "a house" }, latents(model), tensor.from { 0.2, 0.9 }
  local before = lorarun.no_grad(function() return model:predict(x, sigma, text) end)
  local network = lorarun.network.new(model, { kind = "lora", options = { rank = 2, alpha = 2, dropout = 0 }, seed = 1 })
  local after = model:predict(x, sigma, text)
  t.ok(after:allclose(before, { atol = 1e-5, rtol = 1e-5 }))
  after:mean():backward()
  local count, numbers = 0, 0
  for name, leaf in pairs(network:parameters()) do
    numbers = numbers + leaf:numel()
    if name:find("%.up$") then
      count = count + 1
      t.ok(leaf:grad() ~= nil, name .. " has no gradient")
    end
  end
  t.equal(count, #network:targets())
  t.equal(numbers, network:count())
  t.equal(network:delta_weight(network:targets()[1]):abs():max():item(), 0)
end)

test("an unknown kind of network names the known ones", function(t)
  t.fails(function() lorarun.network.new(open_model(), { kind = "lokra" }) end, "networks: ")
end)

test("targets choose layers, and a pattern without a layer is refused", function(t)
  local model = open_model()
  local network = lorarun.network.new(model, { targets = { "attn.to_q" }, options = { rank = 2, alpha = 2 } })
  for _, target in ipairs(network:targets()) do t.ok(target:find("attn.to_q", 1, true), target) end
  network:free()
  t.fails(function()
    lorarun.network.new(model, { targets = { "no_such_layer" }, options = { rank = 2, alpha = 2 } })
  end, "no_such_layer")
end)

test("a freed model is an error to use", function(t)
  local model = open_model()
  model:free()
  model:free()
  t.fails(function() model:family() end, "this Model was freed")
end)

test("the wrong type of an argument is told with both names", function(t)
  t.fails(function() lorarun.network.new(tensor.zeros { 1 }) end, "Model expected")
end)
