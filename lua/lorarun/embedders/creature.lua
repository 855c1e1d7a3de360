--- The embedder of the drawn world: a small convolutional network that says who a creature is and what can be seen.
--
--   pictures [B, 3, 64, 64] --stem, 3 stages--> [B, 64, 8, 8] --mean, maximum, and a narrow map--> features [B, 896]
--     features --trunk--> [B, 112] --identity--> [B, 64], unit rows     near each other: the same creature anywhere
--                                  --attributes--> a softmax a head      colour, shape, pose, place, …
--
-- A stage is a convolution of stride 2 and 0, 1 or 2 residual blocks with group norms before their convolutions.
-- Mean and maximum say what is there, the map of 12 channels says where: poses and bodies are told by places.
-- recipes/tiny_flux/embedder.lua trains it with this same code, so what is judged is what was trained.
-- Legend: B pictures, C channels, G groups of a norm, K classes of all heads.

local tensor = lorarun.tensor

local creature = { size_px = 64, dimensions = 64 }

local WIDTHS, BLOCKS, GROUPS = { 24, 48, 64 }, { 0, 1, 2 }, 8
local MAP_CHANNELS, TRUNK = 12, 112
local PLACES = (creature.size_px / 2 ^ #WIDTHS) ^ 2 -- of the last stage: 8 x 8
local FEATURES = 2 * WIDTHS[#WIDTHS] + MAP_CHANNELS * PLACES

local function classes_of(heads)
  local count = 0
  for _, head in ipairs(heads) do count = count + #head.values end
  return count
end

--- Gives the names and shapes of all weights, in the order in which they are used.
---@param heads { name: string, values: string[] }[]
---@return { name: string, shape: integer[] }[]
function creature.layout(heads)
  local list = {}
  local function add(name, ...) list[#list + 1] = { name = name, shape = { ... } } end
  local before = 3
  for stage, width in ipairs(WIDTHS) do
    local side = stage == 1 and 5 or 3
    add(("stage%d.down.weight"):format(stage), width, before, side, side)
    add(("stage%d.down.bias"):format(stage), width)
    for block = 1, BLOCKS[stage] do
      for part = 1, 2 do
        local place = ("stage%d.block%d."):format(stage, block)
        add(place .. "norm" .. part .. ".weight", width)
        add(place .. "norm" .. part .. ".bias", width)
        add(place .. "conv" .. part .. ".weight", width, width, 3, 3)
      end
    end
    before = width
  end
  add("map.weight", MAP_CHANNELS, before, 1, 1)
  for _, layer in ipairs { { "trunk", FEATURES, TRUNK }, { "identity", TRUNK, creature.dimensions },
    { "attributes", TRUNK, classes_of(heads) } } do
    add(layer[1] .. ".weight", layer[2], layer[3])
    add(layer[1] .. ".bias", layer[3])
  end
  return list
end

local function group_norm(x, weight, bias)
  local B, C, H, W = x:size(1), x:size(2), x:size(3), x:size(4)
  local normed = x:reshape(B, GROUPS, C / GROUPS * H * W):layer_norm():reshape(B, C, H, W)
  return normed * weight:reshape(1, C, 1, 1) + bias:reshape(1, C, 1, 1)
end

local function block(w, x, place)
  local y = x
  for part = 1, 2 do
    y = group_norm(y, w[place .. "norm" .. part .. ".weight"], w[place .. "norm" .. part .. ".bias"]):relu()
    y = y:conv2d(w[place .. "conv" .. part .. ".weight"], { padding = 1 })
  end
  return x + y
end

local function features_of(w, x)
  for stage = 1, #WIDTHS do
    local place = ("stage%d."):format(stage)
    local weight = w[place .. "down.weight"]
    x = stage == 1 and x or x:relu()
    x = x:conv2d(weight, { bias = w[place .. "down.bias"], stride = 2, padding = (weight:size(3) - 1) / 2 })
    for b = 1, BLOCKS[stage] do x = block(w, x, place .. "block" .. b .. ".") end
  end
  local flat, map = x:reshape(x:size(1), x:size(2), -1), x:conv2d(w["map.weight"], {})
  local highest = flat:max(3)
  return tensor.cat({ tensor.cat({ flat:mean(3), highest }, 2):layer_norm(), map:reshape(x:size(1), -1):layer_norm() }, 2)
end

local function linear(w, x, name) return x:matmul(w[name .. ".weight"]) + w[name .. ".bias"] end

--- Gives unit rows [B, 64] and the logits of all heads side by side [B, K]; differentiable.
---@param weights table<string, lorarun.Tensor>
---@param pictures lorarun.Tensor   [B, 3, 64, 64] in [0, 1]
---@return lorarun.Tensor embeddings
---@return lorarun.Tensor logits
function creature.forward(weights, pictures)
  local trunk = linear(weights, features_of(weights, (pictures - 0.5) * 2), "trunk"):relu()
  local raw = linear(weights, trunk, "identity")
  return raw / (raw:norm(2, true) + 1e-8), linear(weights, trunk, "attributes")
end

--- Gives for each picture { colour = { value, probability }, … } out of logits [B, K].
---@param heads { name: string, values: string[] }[]
---@param logits lorarun.Tensor
---@return table<string, { value: string, probability: number }>[]
function creature.read(heads, logits)
  local read, first = {}, 1
  for i = 1, logits:size(1) do read[i] = {} end
  for _, head in ipairs(heads) do
    local highest, places = logits:narrow(2, first, #head.values):softmax(2):max(2)
    local probabilities, indices = highest:to_table(), places:to_table()
    for i, found in ipairs(read) do
      found[head.name] = { value = head.values[indices[i]], probability = probabilities[i] }
    end
    first = first + #head.values
  end
  return read
end

--- Gives what lorarun.embedder wraps: weights in float32, and functions of pictures of the right size.
---@param weights table<string, lorarun.Tensor>
---@param config { heads: table[] }
function creature.new(weights, config)
  local ready = {}
  for _, one in ipairs(creature.layout(config.heads)) do
    local weight = weights[one.name]
    if not weight then
      lorarun.fail { what = "the embedder's weights lack " .. one.name, fix = "make them again: recipes/tiny_flux/embedder.lua --trust" }
    end
    ready[one.name] = weight:to("float32")
  end
  return {
    size_px = creature.size_px,
    dimensions = creature.dimensions,
    embed = function(pictures) return (creature.forward(ready, pictures)) end,
    classify = function(pictures) return creature.read(config.heads, select(2, creature.forward(ready, pictures))) end,
  }
end

return creature
