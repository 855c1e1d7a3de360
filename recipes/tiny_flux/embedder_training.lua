--- One training step of the embedder: a batch, as a camera might have seen it; its loss; Muon and AdamW.
--
--   batch  12 families x 2 creatures x 2 views = 48 pictures; rows 1 … 24 the first views, 25 … 48 the second
--   loss   identity: each picture finds the other view of its creature among the 47 others (normalised, temperature 0.1)
--          + a weighted cross entropy for every head, over the pictures that have a class in it
--   state  weights by name, both moments as one flat row each, the count of steps done
--
-- Every number that varies is keyed by (seed, step), so a run that was stopped goes on to the same bits.
-- Sources: NT-Xent of SimCLR (Chen et al. 2020), Muon (Jordan et al. 2024, with the
-- scale of Liu et al. 2025), AdamW (Loshchilov and Hutter 2019).

local creature, pool = ...
local tensor = lorarun.tensor
local training = { STEPS = 2500, SEED = 7 }

local FAMILIES_A_STEP, MEMBERS = 12, 2 -- the first two of each family in one epoch, the others in the next
local RATE, WARMUP_STEPS, DECAY = 2e-3, 100, 0.02
local MUON, MUON_DECAY = 0.4, 0.1 -- of the inner matrices: size of a change by its root mean square; decay
local BETA1, BETA2, EPS = 0.9, 0.99, 1e-8
local TEMPERATURE, SMOOTHING = 0.1, 0.02
local WEIGHTS = { colour = 1, shape = 1, top = 1, pattern = 1, pose = 1, place = 1, time = 1, identity = 1 }
local OTHER_WEIGHT = 0.5 -- of the other heads

local function uniform(shape, step, stream)
  return tensor.uniform(shape, { seed = training.SEED, stream = "embedder/" .. stream, step = step })
end

--- Gives new weights and empty moments.
---@param heads table[]
---@return table state   { step, names, weights, first, second }
function training.start(heads)
  local state, count = { step = 0, names = {}, weights = {} }, 0
  for i, one in ipairs(creature.layout(heads)) do
    local fan_in = #one.shape == 4 and one.shape[2] * one.shape[3] * one.shape[4] or one.shape[1]
    local weight = tensor.zeros(one.shape)
    if #one.shape > 1 then
      weight = tensor.normal(one.shape, { seed = training.SEED, stream = "embedder/init/" .. one.name }) * math.sqrt(2 / fan_in)
    elseif one.name:find("norm%d%.weight$") then
      weight = tensor.ones(one.shape)
    end
    if one.name:find("conv2%.weight$") then weight = weight * 0.25 end
    if one.name == "attributes.weight" then weight = weight * 0.1 end
    state.names[i], state.weights[one.name] = one.name, weight:requires_grad(true)
    count = count + weight:numel()
  end
  state.first, state.second = tensor.zeros({ count }), tensor.zeros({ count })
  return state
end

--- Writes the state, whole or not at all.
function training.save(path, state)
  local all = { ["moments.first"] = state.first, ["moments.second"] = state.second }
  for name, weight in pairs(state.weights) do all[name] = weight:detach() end
  tensor.save(path, all, { step = tostring(state.step), seed = tostring(training.SEED) })
end

--- Takes a saved state over.
function training.load(path, state)
  local all = tensor.load(path)
  for _, name in ipairs(state.names) do state.weights[name] = all[name]:requires_grad(true) end
  state.first, state.second = all["moments.first"], all["moments.second"]
  state.step = tonumber(tensor.metadata(path).step)
end

--- The rows of a step's pictures, one list a view: a new order of the families in every epoch.
local function rows_of(step, count)
  local per_epoch = math.floor(count / FAMILIES_A_STEP)
  local epoch, turn = math.floor((step - 1) / per_epoch), (step - 1) % per_epoch
  local order = uniform({ count }, epoch, "order"):argsort()
  local families = order:narrow(1, turn * FAMILIES_A_STEP + 1, FAMILIES_A_STEP):to("float32"):reshape(-1, 1) - 1
  local member = tensor.arange(0, MEMBERS - 1):reshape(1, -1) + epoch % (pool.FAMILY / MEMBERS) * MEMBERS
  local views = {}
  for view = 1, pool.VIEWS do
    views[view] = ((families * pool.FAMILY + member) * pool.VIEWS + view):reshape(-1):to("int64")
  end
  return views
end

local function gauss()
  local side = { 0.0545, 0.2442, 0.4026, 0.2442, 0.0545 } -- sigma 1 pixel
  local line = tensor.from(side)
  return (line:reshape(5, 1) * line:reshape(1, 5)):reshape(1, 1, 5, 5):expand(3, 1, 5, 5):contiguous()
end

local KERNEL = gauss()

--- Gives the pictures softly blurred; the rim keeps its light.
local function blurred(pictures)
  local H, W = pictures:size(3), pictures:size(4)
  local lit = tensor.ones({ 1, 3, H, W }):conv2d(KERNEL, { padding = 2, groups = 3 })
  return pictures:conv2d(KERNEL, { padding = 2, groups = 3 }) / lit
end

--- Gives the pictures a little nearer and moved: up to 4 pixels of 68 are cut away.
local function framed(pictures, step, view)
  local zoom, x, y = unpack(uniform({ 3 }, step, "frame" .. view):to_table())
  local size = creature.size_px
  local side = size + 2 * math.floor(zoom * 3)
  if side == size then return pictures end
  local left, top = 1 + math.floor(x * (side - size + 1)), 1 + math.floor(y * (side - size + 1))
  return pictures:interpolate({ side, side }, { mode = "bilinear" }):narrow(3, top, size):narrow(4, left, size)
end

--- Blur, light and noise of each picture's own strength.
local function weathered(pictures, step)
  local B = pictures:size(1)
  local u = uniform({ 4, B, 1, 1, 1 }, step, "weather")
  local blur, gain, lift, noise = u[1] ^ 2, u[2] * 0.2 + 0.9, (u[3] - 0.5) * 0.08, u[4] ^ 2 * 0.15
  local soft = pictures + (blurred(pictures) - pictures) * blur
  local grain = uniform({ B, 3, creature.size_px, creature.size_px }, step, "grain") - 0.5
  return (soft * gain + lift + grain * noise):clamp(0, 1)
end

--- Gives the pictures [48, 3, 64, 64] and labels [48, heads] of a step.
function training.batch(data, step)
  local pictures, labels = {}, {}
  for view, rows in ipairs(rows_of(step, data.pictures:size(1) / (pool.FAMILY * pool.VIEWS))) do
    pictures[view] = framed(data.pictures:index_select(1, rows):to("float32") / 255, step, view)
    labels[view] = data.labels:index_select(1, rows)
  end
  return weathered(tensor.cat(pictures, 1), step), tensor.cat(labels, 1)
end

--- Gives log softmax along rows.
local function log_softmax(logits)
  local shifted = logits - logits:detach():max(2, true)
  return shifted - shifted:exp():sum(2, true):log()
end

local function identity_loss(embeddings)
  local B = embeddings:size(1)
  local alike = embeddings:matmul(embeddings:transpose()) / TEMPERATURE - tensor.eye(B) * 1e4
  local half = B / 2
  local partner = tensor.cat({ tensor.arange(half + 1, B), tensor.arange(1, half) }):to("int64"):reshape(-1, 1)
  return log_softmax(alike):gather(2, partner):mean():neg()
end

--- Cross entropy over the rows that have a class, with a little of the weight on all classes.
local function head_loss(logits, labels)
  local known = labels:gt(0):to("float32")
  local logs = log_softmax(logits)
  local right = logs:gather(2, labels:clamp(1):to("int64"):reshape(-1, 1)):reshape(-1)
  local each = right * (1 - SMOOTHING) + logs:mean(2) * SMOOTHING
  return (each * known):sum():neg() / known:sum():clamp(1)
end

--- Gives the loss to minimise and its identity part.
function training.loss(heads, weights, pictures, labels)
  local embeddings, logits = creature.forward(weights, pictures)
  local identity, first = identity_loss(embeddings), 1
  local loss = identity * WEIGHTS.identity
  for i, head in ipairs(heads) do
    local one = head_loss(logits:narrow(2, first, #head.values), labels:select(2, i))
    loss, first = loss + one * (WEIGHTS[head.name] or OTHER_WEIGHT), first + #head.values
  end
  return loss, identity
end

local function rate_at(step)
  if step <= WARMUP_STEPS then return RATE * step / WARMUP_STEPS end
  local progress = (step - WARMUP_STEPS) / (training.STEPS - WARMUP_STEPS)
  return RATE * 0.5 * (1 + math.cos(math.pi * math.min(1, progress)))
end

--- Gives the nearest matrix with singular values of about 1, by five turns of Newton and Schulz.
local function orthogonal(matrix)
  local x = matrix / (matrix:norm() + 1e-7)
  local tall = x:size(1) > x:size(2)
  if tall then x = x:transpose() end
  for _ = 1, 5 do
    local a = x:matmul(x:transpose())
    x = x * 3.4445 + (a * -4.7750 + a:matmul(a) * 2.0315):matmul(x)
  end
  return tall and x:transpose() or x
end

--- The matrices between the first layer and the last ones.
local function is_inner(name, weight)
  return weight:dim() > 1 and name ~= "stage1.down.weight" and name ~= "identity.weight" and name ~= "attributes.weight"
end

local function muon(weight, momentum, rate)
  local rows = momentum:reshape(weight:size(1), -1)
  local size = MUON * math.sqrt(math.max(rows:size(1), rows:size(2)))
  weight:mul_(1 - rate * MUON_DECAY)
  weight:sub_(orthogonal(rows):reshape(weight:size()) * (rate * size))
end

local function adamw(weight, change, rate)
  if weight:dim() > 1 then weight:mul_(1 - rate * DECAY) end
  weight:sub_(change:reshape(weight:size()) * rate)
end

--- Muon for the inner matrices, AdamW for the rest; the moments are rows over all weights.
local function update(state, step)
  local gradients, at = {}, 1
  for i, name in ipairs(state.names) do gradients[i] = state.weights[name]:grad():reshape(-1) end
  local g, rate = tensor.cat(gradients), rate_at(step)
  state.first:mul_(BETA1):add_(g * (1 - BETA1))
  state.second:mul_(BETA2):add_(g * g * (1 - BETA2))
  local first = state.first / (1 - BETA1 ^ step)
  local change = first / ((state.second / (1 - BETA2 ^ step)):sqrt() + EPS)
  local ahead = first * BETA1 + g * (1 - BETA1) -- as Nesterov looks
  for _, name in ipairs(state.names) do
    local weight = state.weights[name]
    local inner = is_inner(name, weight)
    local row = (inner and ahead or change):narrow(1, at, weight:numel())
    if inner then muon(weight, row, rate) else adamw(weight, row, rate) end
    weight:zero_grad()
    at = at + weight:numel()
  end
end

--- Performs the next step; gives its loss and the identity part.
---@return number loss
---@return number identity
function training.step(state, data, heads)
  local step = state.step + 1
  local loss, identity = lorarun.scope(function()
    local pictures, labels = training.batch(data, step)
    local whole, part = training.loss(heads, state.weights, pictures, labels)
    whole:backward()
    lorarun.no_grad(update, state, step)
    return whole:item(), part:item()
  end)
  state.step = step
  return loss, identity
end

return training
