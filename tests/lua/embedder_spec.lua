--- Embedders: the interface, the embedder of the drawn world as it is committed, and the training that made it.

local creature = require "lorarun.embedders.creature"
local embedder = require "lorarun.embedder"
local metrics = require "lorarun.picture_metrics"
local system, tensor = lorarun.system, lorarun.tensor

local share = system.share()
local FOLDER = share .. "/examples/quickstart/base/embedder"
local room = dofile(share .. "/examples/creatures/draw/init.lua")
local world, characters = room "world", room "characters"
local pool = assert(loadfile(share .. "/recipes/tiny_flux/embedder_pool.lua"))(room)
local training = assert(loadfile(share .. "/recipes/tiny_flux/embedder_training.lua"))(creature, pool)

local function drawings(list, size_px)
  local pictures = {}
  for i, at in ipairs(list) do pictures[i] = (world.draw(at, size_px)) end
  return tensor.stack(pictures, 1)
end

local function samples(seed, count)
  local list = {}
  for i = 1, count do list[i] = world.sample(seed, i) end
  return list
end

local eye = embedder.open(FOLDER)

test("the kind of an embedder is the name of its file", function(t)
  t.equal(embedder.names()[1], "creature")
  local folder = system.temporary_folder()
  system.write(folder .. "/config.json", '{ "kind": "creatur" }')
  t.fails(function() embedder.open(folder) end, "did you mean 'creature'?")
  t.fails(function() embedder.open(folder .. "/none") end, "there is no embedder in")
end)

test("embeddings are rows of length 1, of pictures of any size", function(t)
  for _, size in ipairs { 48, 64, 100, 128, 256 } do
    local rows = eye.embed(drawings(samples(5, 2), size))
    t.equal({ rows:size(1), rows:size(2) }, { 2, eye.dimensions })
    t.near(rows:norm(2):min():item(), 1, 1e-5)
  end
  t.fails(function() eye.embed(tensor.zeros({ 3, 64, 64 })) end, "picture:unsqueeze(1)")
end)

test("the same creature keeps its place at another size", function(t)
  local list = samples(6, 4)
  local small, big = eye.embed(drawings(list, 64)), eye.embed(drawings(list, 128))
  t.ok((small * big):sum(2):min():item() > 0.9)
end)

test("many pictures at once are seen as one by one", function(t)
  local pictures = drawings(samples(7, 3), 64)
  local many = tensor.cat({ pictures, pictures:index_select(1, tensor.ones({ 64 }):to("int64")) }, 1)
  local rows = eye.embed(many)
  t.equal(rows:size(1), 67)
  t.ok(rows:narrow(1, 2, 1):allclose(eye.embed(pictures:narrow(1, 2, 1)), { rtol = 1e-4, atol = 1e-5 }))
end)

test("colour, place and pose of drawings are seen", function(t)
  local list, asked = samples(9001, 24), {}
  for i, at in ipairs(list) do asked[i] = { colour = at.colour, place = at.place, pose = at.pose } end
  local following = metrics.following(asked, eye.classify(drawings(list, 128)))
  t.ok(following.by.colour >= 0.9 and following.by.place >= 0.9 and following.by.pose >= 0.85, system.encode(following.by))
end)

test("a character is found among the six by pictures that it was never shown in", function(t)
  local centroids, right, count = {}, 0, 0
  for i, name in ipairs(characters.names) do
    local list = characters.pictures(name, "train")
    centroids[i] = metrics.centroid(eye.embed(drawings({ unpack(list, 1, 6) }, 64)))
  end
  local all = tensor.cat(centroids, 1):transpose()
  for i, name in ipairs(characters.names) do
    local list = characters.pictures(name, "heldout")
    for _, found in ipairs(eye.embed(drawings({ unpack(list, 1, 3) }, 64)):matmul(all):argmax(2):to_table()) do
      right, count = right + (found == i and 1 or 0), count + 1
    end
  end
  t.ok(right >= count - 1, right .. " of " .. count)
end)

test("its weights are small enough for the repository", function(t)
  local count = 0
  for _, weight in pairs(tensor.load(FOLDER .. "/model.safetensors")) do count = count + weight:numel() end
  t.ok(count <= 350000 and #system.read(FOLDER .. "/model.safetensors") < 800000, count)
end)

test("no creature of the pool has pattern and eyes of a named character", function(t)
  local taken = {}
  for _, name in ipairs(characters.names) do
    local at = characters.dress(name, {})
    taken[at.pattern .. at.eyes] = name
  end
  for family = 0, 199 do
    for _, body in ipairs(pool.family(7, family)) do t.equal(taken[body.pattern .. body.eyes], nil) end
  end
end)

local function small_pool(heads)
  local list = {}
  for family = 0, 11 do
    for member, body in ipairs(pool.family(7, family)) do
      for view = 1, pool.VIEWS do
        list[#list + 1] = pool.view(7, body, (family * pool.FAMILY + member - 1) * pool.VIEWS + view)
      end
    end
  end
  local pictures, labels = pool.draw(list, heads, creature.size_px)
  return { pictures = pictures, labels = labels }
end

--- Recorded on an AMD EPYC with AVX2, one thread; other processors sum in another order.
test("training starts with the recorded losses, and goes on after a stop to the same bits", function(t)
  local heads = pool.heads()
  local data, path = small_pool(heads), system.temporary_folder() .. "/state.safetensors"
  local whole, losses = training.start(heads), {}
  for step = 1, 3 do
    losses[step] = training.step(whole, data, heads)
    if step == 2 then training.save(path, whole) end
  end
  for step, recorded in ipairs { 21.1558876, 21.2775993, 21.1674557 } do t.near(losses[step], recorded, 1e-3) end
  local again = training.start(heads)
  training.load(path, again)
  t.equal(again.step, 2)
  t.equal(training.step(again, data, heads), losses[3])
  for name, weight in pairs(whole.weights) do t.ok(weight:detach():equal(again.weights[name]:detach()), name) end
end)
