--- Embedders: pictures as points, so that "the same one" and "how different" become distances.
--
--   embedder.open("examples/quickstart/base/embedder")
--     -> { name, dimensions, size_px, embed(pictures), classify(pictures) or nil }
--
--   embed     [B, 3, H, W] in [0, 1], any size -> [B, D], rows of length 1
--   classify  the same pictures -> one table each, { colour = { value = "green", probability = 0.98 }, … };
--             nil where an embedder knows no names for what it sees
--
-- A folder holds config.json, whose `kind` names the file lua/lorarun/embedders/KIND.lua, and model.safetensors.
-- That file gives new(weights, config) -> { size_px, dimensions, embed, classify } over pictures of its own size;
-- what concerns all of them (sizes, batches, shapes) is done here. There is no list to edit.

local embedder = {}

local system, tensor = lorarun.system, lorarun.tensor

local AT_ONCE = 64 -- pictures

--- Gives the names of all kinds: the files of the folder.
---@return string[]
function embedder.names()
  local names = {}
  for _, file in ipairs(system.list(system.share() .. "/lua/lorarun/embedders")) do
    names[#names + 1] = file:match("^([%w_]+)%.lua$")
  end
  return names
end

local function kind_of(config, place)
  local known = embedder.names()
  for _, name in ipairs(known) do
    if name == config.kind then return require("lorarun.embedders." .. name) end
  end
  local close = system.nearest(tostring(config.kind), known)
  lorarun.fail { what = "no embedder named '" .. tostring(config.kind) .. "'", where = place .. ", kind",
    fix = (close and "did you mean '" .. close .. "'?  " or "") .. "embedders: " .. table.concat(known, ", ") }
end

local function check_pictures(pictures)
  if pictures:dim() ~= 4 or pictures:size(2) ~= 3 then
    lorarun.fail { what = "an embedder got a tensor of shape " .. table.concat(pictures:size(), " x "),
      fix = "give pictures [B, 3, H, W] in [0, 1]; one picture: picture:unsqueeze(1)" }
  end
end

--- Gives pictures of size_px: by means of whole squares where that goes, else bilinear (far smaller ones first halved).
local function resized(pictures, size_px)
  local B, H, W = pictures:size(1), pictures:size(3), pictures:size(4)
  if H == size_px and W == size_px then return pictures end
  if H % size_px == 0 and W % size_px == 0 then
    return pictures:reshape(B, 3, size_px, H / size_px, size_px, W / size_px):mean({ 4, 6 })
  end
  if H >= 2 * size_px and W >= 2 * size_px then
    local h, w = math.floor(H / 2), math.floor(W / 2)
    local even = pictures:narrow(3, 1, 2 * h):narrow(4, 1, 2 * w)
    return resized(even:reshape(B, 3, h, 2, w, 2):mean({ 4, 6 }), size_px)
  end
  return pictures:interpolate({ size_px, size_px }, { mode = "bilinear" })
end

--- Calls `see` on pictures of the right size, not too many at once, outside of autograd.
local function in_parts(see, pictures, size_px)
  check_pictures(pictures)
  local answers = {}
  for first = 1, pictures:size(1), AT_ONCE do
    local some = pictures:narrow(1, first, math.min(AT_ONCE, pictures:size(1) - first + 1))
    answers[#answers + 1] = lorarun.scope(lorarun.no_grad, function() return see(resized(some:to("float32"), size_px)) end)
  end
  return answers
end

local function joined(lists)
  local all = {}
  for _, list in ipairs(lists) do
    for _, one in ipairs(list) do all[#all + 1] = one end
  end
  return all
end

--- Opens the folder of an embedder.
---@param folder string   config.json and model.safetensors
---@return { name: string, dimensions: integer, size_px: integer, embed: fun(pictures: lorarun.Tensor): lorarun.Tensor,
---   classify: (fun(pictures: lorarun.Tensor): table<string, { value: string, probability: number }>[])? }
function embedder.open(folder)
  local place = folder .. "/config.json"
  if not system.exists(place) then
    lorarun.fail { what = "there is no embedder in " .. folder, where = place,
      fix = "examples/quickstart/base/embedder holds one; recipes/tiny_flux/embedder.lua --trust makes it" }
  end
  local config = system.decode(system.read(place), place)
  local made = kind_of(config, place).new(tensor.load(folder .. "/model.safetensors"), config)
  return {
    name = config.name or config.kind, dimensions = made.dimensions, size_px = made.size_px,
    embed = function(pictures) return tensor.cat(in_parts(made.embed, pictures, made.size_px), 1) end,
    classify = made.classify and function(pictures) return joined(in_parts(made.classify, pictures, made.size_px)) end,
  }
end

return embedder
