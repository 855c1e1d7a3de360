--- What a run holds in memory at its peak, out of config.json alone.
--
--   settings --opening, on the device "meta"--> the run's own code on tensors without numbers --count--> bytes
--
-- It is a rehearsal, not a formula: one training step and one picture run as they will, so what a block keeps for
-- backward is counted by the block itself. A FLUX.1 at true size takes a second.
--
--   phases   encoding pictures, encoding text, a training step, an evaluation, pictures (denoiser, then VAE): one after
--            the other
--   owners   weights of the denoiser, text_encoders, vae, adapters, state (moments, averages), activations (the rest)
--
-- Counted are tensors on the device; cuBLAS, cuDNN and a card's own context come on top.

local opening = require "lorarun.opening"
local pictures = require "lorarun.plan.pictures"
local tables = require "lorarun.tables"

local memory = {}

local imagined = lorarun.imagined

local MANY_MICRO_BATCHES = 2 -- from the second on, gradients are there while activations are
local WORTH_NAMING = 0.99    -- of the peak: what lowers it less is no remedy
local BYTES_OF_A_NUMBER = 4
local BYTES_OF_A_PIXEL = 12  -- three colours in float32
local WHOLE_DECODE = "pictures: VAE"

--- Width and height of the largest bucket that pictures are in.
local function largest_bucket(buckets)
  local width, height = 0, 0
  for name in pairs(buckets) do
    local w, h = name:match("^(%d+)x(%d+)$")
    if w * h > width * height then width, height = tonumber(w), tonumber(h) end
  end
  return width, height
end

--- The side of the largest square that the data sets ask for, as buckets round it: where pictures were not looked at.
local function largest_side_px(settings, multiple_px)
  local largest = multiple_px
  for _, set in ipairs(settings.data) do
    local step = math.max(set.size_step or multiple_px, multiple_px)
    for _, side in ipairs(set.crop and { set.crop } or set.resolution) do
      largest = math.max(largest, side - side % step)
    end
  end
  return largest
end

local function has_averages(settings)
  if settings.ema > 0 then return true end
  for _, phase in ipairs(settings.phases or {}) do
    if (phase.ema or 0) > 0 then return true end
  end
  return false
end

--- The encoders that train in some step.
local function live_encoders(settings)
  local law = settings.text_encoders
  return law and law.kind == "never" and {} or settings.network.text_encoders
end

local Rehearsal = {}
Rehearsal.__index = Rehearsal

local function open(settings, buckets)
  local self = setmetatable({ settings = tables.copy(settings), phases = {}, adapters = 0, state = 0 }, Rehearsal)
  self.settings.network.start, self.settings.network.init = nil, nil -- what weights begin with takes no room
  self.before = imagined.bytes()
  self.model = opening.model(self.settings, "meta")
  self.side_px = largest_side_px(settings, self.model:size_multiple())
  self.width_px, self.height_px = self.side_px, self.side_px
  if buckets and next(buckets) then self.width_px, self.height_px = largest_bucket(buckets) end
  self.takes_pixels = opening.takes_pixels(settings)
  return self
end

--- Bytes by owner: what is loaded now, and the rest of the peak.
function Rehearsal:shares(peak)
  local shares = { weights = self.model:bytes("transformer"), vae = self.model:bytes("vae"), text_encoders = 0,
    adapters = self.adapters, state = self.state, total = peak }
  for _, encoder in ipairs(self.model:text_encoders()) do
    shares.text_encoders = shares.text_encoders + self.model:bytes(encoder)
  end
  shares.activations = peak - shares.weights - shares.vae - shares.text_encoders - shares.adapters - shares.state
  return shares
end

--- Runs a part of the run and notes what it holds at its peak; gives what the part gives.
function Rehearsal:phase(name, part)
  imagined.reset_peak()
  local result = part()
  local _, most = imagined.bytes()
  local phase = self:shares(most - self.before)
  phase.name = name
  self.phases[#self.phases + 1] = phase
  return result
end

function Rehearsal:encode()
  if self.takes_pixels then return end
  self:phase("encoding pictures", function()
    return self.model:encode_image(lorarun.tensor.zeros { 1, 3, self.height_px, self.width_px }):free()
  end)
  self.model:release("vae")
  for _, encoder in ipairs(self.model:text_encoders()) do
    self:phase("encoding text by " .. encoder, function() return self.model:encode_text({ "" }, { encoder }):free() end)
    self.model:release(encoder)
  end
end

function Rehearsal:open_trainer()
  local s = self.settings
  self.network = opening.network(self.model, s, "meta")
  self.adapters = lorarun.kinds().network[s.network.kind].is_whole and 0 or 4 * self.network:count()
  self.trainer = opening.trainer(self.model, self.network, s)
end

function Rehearsal:batch(count, accumulate, live)
  return imagined.batch(self.model, { batch = count, accumulate = accumulate, width = self.width_px, height = self.height_px,
    pixels = self.takes_pixels, live = live })
end

--- Bytes of moments and averages.
local function state_bytes(trainer)
  local bytes = 0
  lorarun.scope(function()
    for name, tensor in pairs(trainer:state()) do
      if name:sub(1, #"adapter/") ~= "adapter/" then bytes = bytes + BYTES_OF_A_NUMBER * tensor:numel() end
    end
  end)
  return bytes
end

--- Two steps: averages begin after the first one, and stand beside all of the second. What an objective opens for
--- itself at the first one (distill_guidance: a teacher, the empty text) comes and goes there.
function Rehearsal:train()
  local s, live = self.settings, live_encoders(self.settings)
  if #live == 0 then self.model:release("text") end
  local batch = self:batch(s.batch, math.min(s.accumulate, MANY_MICRO_BATCHES), live)
  local knobs = { lr = 1, clip = s.clip, loss = s.loss, timesteps = s.timesteps, ema = has_averages(s) and 0.5 or 0,
    group_trains = {} }
  for _, encoder in ipairs(s.network.text_encoders) do knobs.group_trains[encoder] = #live > 0 end
  local function step() return self.trainer:step(batch, knobs) end
  self:phase("the first step", step)
  local first = table.remove(self.phases)
  self.state = state_bytes(self.trainer)
  self:phase("a training step", step)
  self.step = self.phases[#self.phases]
  if first.total > self.step.total then table.insert(self.phases, #self.phases, first) end
  batch:free()
end

--- Texts come from the cache there, also those of encoders that are live.
function Rehearsal:measuring_batch(count)
  local batch = self:batch(count, 1, {})
  for _, encoder in ipairs(live_encoders(self.settings)) do self.model:load(encoder) end
  return batch
end

--- All held-out pictures of one size are one batch.
function Rehearsal:evaluate()
  local e = self.settings.evaluate
  local count = e and (e.holdout or pictures.count(e.dir)) or 0
  if count == 0 then return end
  local batch = self:measuring_batch(count)
  self:phase("an evaluation", function() return self.trainer:loss(batch, { sigmas = { 0.5 }, loss = self.settings.loss }) end)
  batch:free()
end

local function picture_options(r, text)
  return { width = r.size[1], height = r.size[2], steps = 2, sampler = r.sampler, true_cfg = r.true_cfg, negative_text = text }
end

function Rehearsal:draw()
  local r = self.settings.render
  if not r or self.takes_pixels then return end
  local batch = self:measuring_batch(1)
  local text = batch:text()
  local latents = self:phase("pictures: denoiser",
    function() return lorarun.render.sample(self.model, text, 1, picture_options(r, text)) end)
  self:phase(WHOLE_DECODE, function() return lorarun.render.decode(self.model, latents):free() end)
  self:phase("pictures: VAE in tiles",
    function() return lorarun.render.decode(self.model, latents, { tiles = true }):free() end)
  for _, one in ipairs { latents, text, batch } do one:free() end
end

function Rehearsal:close()
  for _, one in ipairs { "trainer", "network", "model" } do
    if self[one] then self[one]:free() end
  end
end

local function rehearse(settings, buckets)
  local self = open(settings, buckets)
  local done, problem = pcall(function()
    self:encode()
    self:open_trainer()
    self:train()
    self:evaluate()
    self:draw()
  end)
  self:close()
  if not done then error(problem, 0) end
  return self
end

--- The phase that holds the most. Pictures that do not fit as a whole are decoded in tiles, so where `in_tiles` is
--- true the whole does not count.
local function peak_of(phases, in_tiles)
  local peak
  for _, phase in ipairs(phases) do
    local counts = not in_tiles or phase.name ~= WHOLE_DECODE
    if counts and (not peak or phase.total > peak.total) then peak = phase end
  end
  return peak
end

--- Bytes of decoded pictures that wait for the VAE: no more than there are, where the folders are there.
local function waiting_pictures(self)
  if self.takes_pixels then return 0 end
  local most, count = lorarun.data.decoding_bytes(), 0
  for _, set in ipairs(self.settings.data) do
    if set.dir and not lorarun.system.is_folder(set.dir) then return most end
    count = count + (set.count or pictures.count(set.dir)) * #set.resolution
  end
  return math.min(most, BYTES_OF_A_PIXEL * self.width_px * self.height_px * count)
end

--- True where the device's memory is the host's.
local function is_the_host(device)
  local known, facts = pcall(lorarun.device.open, device)
  return known and facts.kind == "cpu"
end

--- What the process holds in the host's memory: itself, and what passes through. On the CPU the device is the host.
local function host_of(self, peak)
  local step, on_cpu = self.step, is_the_host(self.settings.device)
  local trained = step.adapters > 0 and step.adapters or step.weights
  local host = { program = lorarun.memory().process_bytes, pictures = waiting_pictures(self),
    checkpoint = on_cpu and 0 or trained + step.state, device = on_cpu and peak.total or 0 }
  host.total = host.program + host.device + math.max(host.pictures, host.checkpoint)
  return host
end

--- Alpha goes with the rank, so that their ratio stays.
local function halved_rank_text(network)
  local rank = ("network.rank = %d"):format((network.rank or 2) / 2)
  return network.alpha and ("%s, network.alpha = %g"):format(rank, network.alpha / 2) or rank
end

--- Changes of the settings that may take less, in the order to try them: { text, change }.
local function knobs_of(s, side_px)
  local half_px, list = math.max(64, math.floor(side_px / 128) * 64), {}
  local function add(is_there, text, change, is_of_size)
    if is_there then list[#list + 1] = { text = text, change = change, is_of_size = is_of_size } end
  end
  add(not s.model.recompute, "model.recompute = true", function(c) c.model.recompute = true end)
  add(s.batch > 1, "batch = 1, accumulate = " .. s.batch * s.accumulate, function(c)
    c.batch, c.accumulate = 1, s.batch * s.accumulate
  end)
  add(side_px > half_px, ("data.resolution = %d"):format(half_px), function(c)
    for _, set in ipairs(c.data) do
      if set.crop then set.crop = half_px else set.resolution = { half_px } end
    end
  end, true)
  add(lorarun.kinds().network[s.network.kind].is_whole ~= true and s.model.dtype:match("32"), 'model.dtype = "bf16"',
    function(c) c.model.dtype = "bf16" end)
  local rank = s.network.rank
  add(rank and rank > 1, halved_rank_text(s.network), function(c)
    c.network.rank = math.floor(rank / 2)
    c.network.alpha = c.network.alpha and c.network.alpha / 2
  end)
  add(has_averages(s), "ema = 0", function(c)
    c.ema = 0
    for _, phase in ipairs(c.phases or {}) do phase.ema = nil end
  end)
  local live = #live_encoders(s) > 0
  add(live, "network.text_encoders = {}", function(c) c.network.text_encoders = {} end)
  local e, r = s.evaluate, s.render
  add(e and (e.holdout or 0) > 1, e and ("evaluate.holdout = %d"):format((e.holdout or 0) / 2), function(c)
    c.evaluate.holdout = math.floor(e.holdout / 2)
  end)
  add(r, r and ("render.size = { %d, %d }"):format(r.size[1] / 2, r.size[2] / 2), function(c)
    c.render.size = { r.size[1] / 2, r.size[2] / 2 }
  end)
  return list
end

--- The peak with these knobs turned; nothing where the settings do not go together.
local function peak_with(settings, knobs, expected)
  local changed, buckets = tables.copy(settings), expected.buckets
  for _, knob in ipairs(knobs) do
    knob.change(changed)
    if knob.is_of_size then buckets = nil end
  end
  local done, self = pcall(rehearse, changed, buckets)
  return done and peak_of(self.phases, expected.in_tiles).total or nil
end

--- Tries each knob by a rehearsal of its own; gives those that lower the peak, the gentlest first.
---@param settings table
---@param expected table   of memory.of
---@return { text: string, total: number, saves: number }[] remedies
---@return number? least   the peak with all of them
function memory.remedies(settings, expected)
  local peak, found, turned = expected.device.total, {}, {}
  for _, knob in ipairs(knobs_of(settings, expected.side_px)) do
    local total = peak_with(settings, { knob }, expected)
    if total and total < WORTH_NAMING * peak then
      found[#found + 1], turned[#turned + 1] = { text = knob.text, total = total, saves = peak - total }, knob
    end
  end
  return found, #turned > 1 and peak_with(settings, turned, expected) or nil
end

--- Gives the knobs that are left to turn, untried.
---@return string[]
function memory.knobs(settings, expected)
  local texts = {}
  for i, knob in ipairs(knobs_of(settings, expected.side_px)) do texts[i] = knob.text end
  return texts
end

--- Gives what a run will hold: the phase with the highest peak by owner, all phases, and the host.
---@param settings table
---@param options? { free: integer?, buckets: table? }   bytes that the device has free decide whether pictures are decoded
--- in tiles; buckets of the data set ({ ["512x768"] = pictures }) say how large a batch is
---@return table expected   { device, host, phases, side_px, in_tiles, buckets }
function memory.of(settings, options)
  local self = rehearse(settings, options and options.buckets)
  local whole, free = peak_of(self.phases), options and options.free
  local in_tiles = free ~= nil and whole.total > free
  local peak = in_tiles and peak_of(self.phases, true) or whole
  return { device = peak, phases = self.phases, host = host_of(self, peak), side_px = self.side_px, in_tiles = in_tiles,
    buckets = options and options.buckets }
end

--- Gives the numbers that the denoiser is made of, out of its config.json.
function memory.parameters(settings)
  local model = opening.model(settings, "meta")
  local count = model:parameters("transformer")
  model:free()
  return count
end

return memory
