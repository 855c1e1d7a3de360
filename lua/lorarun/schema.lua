--- Every setting of a recipe, once.
--
-- Validation with "did you mean", `lorarun RECIPE --help`, the editor's types
-- and docs/settings.md all come from this table.
--
--   name     dotted path; `data[]` stands for each data set
--   type     text number integer flag path list table kind sizes
--   unit     what the number counts
--   default  what holds when it is absent (nil: nothing)
--   live     true: on.step may change it while the run goes
--   reload   true: a recipe that is saved while the run goes may change it, as everything live
--   restart  true: it may differ between two starts of one run
--   shapes   why it cannot change inside a run
--   kinds    for tables made by a constructor: which registry names them
--   families    the families that it acts on; absent: all
--   acts_with   the kinds of its parent that read it; absent: all
--   unnamed  true: a value without a name means it: flux { "models/base" }
--   count    how many numbers a list has
--   is_prose true: a list of sentences, to which commas belong

local metrics = require "lorarun.metrics"
local schedule = require "lorarun.schedule"
local tables = require "lorarun.tables"

local schema = {}

local function setting(name, kind, doc, extra)
  local s = { name = name, type = kind, doc = doc }
  for key, value in pairs(extra or {}) do s[key] = value end
  return s
end

--- The names of the files in a folder of this one.
local function names_in(folder)
  local names = {}
  for _, file in ipairs(lorarun.system.list(lorarun.system.share() .. "/lua/lorarun/" .. folder)) do
    names[#names + 1] = file:match("^([%w_]+)%.lua$")
  end
  return names
end

--- Names of constructors that are no registry's: they are laws, known to the loop.
schema.laws = {
  timesteps = { "flux_shift", "logit_normal", "shifted", "sigmoid", "uniform" },
  loss = { "huber", "mae", "mse" },
  schedule = schedule.names(),
  data = { "drawn", "images" },
  metric = metrics.names(),
  policies = names_in "policies",
  events = { "best", "every" },
  phases = { "phase" },
  text_encoders = { "always", "early_freeze", "late_tune", "never" },
}

-- Kinds of networks: adapters beside frozen layers, and the model's own weights.
local ADAPTERS, WHOLE = {}, {}
for name, kind in pairs(lorarun.kinds().network or {}) do table.insert(kind.is_whole and WHOLE or ADAPTERS, name) end
table.sort(ADAPTERS)
table.sort(WHOLE)

-- Weights that a model can compute with; a file may hold others.
local COMPUTE_DTYPES = { "float32", "bfloat16", "float16", "float64", "fp32", "bf16", "fp16", "fp64" }

local MEASURES = "values measured in another way cannot be compared"

schema.settings = {
  setting("name", "text", "name of the run and of its folder; the recipe's file name when absent", { restart = true }),
  setting("seed", "integer", "every random number of the run is a function of it", { default = 42, min = 0,
    shapes = "every random number of the run comes from it" }),
  setting("steps", "integer", "optimizer steps in all", { unit = "steps", min = 1, reload = true }),
  setting("epochs", "number", "instead of steps: times through the data", { unit = "epochs", min = 0, reload = true }),
  setting("device", "text", "cpu, cuda, cuda:1, or auto: the first card that works, else the CPU", { default = "auto", restart = true,
    shapes = "the model stands there" }),

  setting("model", "kind", "the base model: flux { path = … }", { kinds = "family", required = true,
    shapes = "the network was trained on top of it" }),
  setting("model.path", "path", "diffusers folder of the base model", { required = true, unnamed = true }),
  setting("model.dtype", "text", "dtype of the denoiser's frozen weights", { default = "bf16", values = COMPUTE_DTYPES }),
  setting("model.vae_dtype", "text", "dtype of the VAE", { default = "float32", values = COMPUTE_DTYPES }),
  setting("model.text_dtype", "text", "dtype of the text encoders; the denoiser's when absent", { values = COMPUTE_DTYPES }),
  setting("model.recompute", "flag", "recompute each block in backward: less memory, more time", { default = false }),

  setting("network", "kind", "what is trained: lora { rank = 16 }", { kinds = "network", required = true,
    shapes = "it shapes the weights" }),
  setting("network.rank", "integer", "rank of each module", { default = 16, min = 1, acts_with = ADAPTERS }),
  setting("network.alpha", "number", "scale of the change is alpha / rank; the rank when absent",
    { min = 0, acts_with = ADAPTERS }),
  setting("network.dropout", "number", "chance of dropping a row of the bottleneck",
    { default = 0, min = 0, max = 1, acts_with = ADAPTERS }),
  setting("network.targets", "list", "patterns of layers; empty: every linear of the blocks", { default = {} }),
  setting("network.exclude", "list", "patterns of layers left out", { default = {} }),
  setting("network.text_encoders", "list", 'text encoders with adapters of their own: { "clip_l", "t5" }', { default = {} }),
  setting("network.text_encoder_targets", "list", "patterns of their layers; empty: every linear", { default = {} }),
  setting("network.text_encoder_rank", "integer", "rank there; the network's when absent", { min = 1, acts_with = ADAPTERS }),
  setting("network.text_encoder_alpha", "number", "alpha there; absent: as much per rank as in the network",
    { min = 0, acts_with = ADAPTERS }),
  setting("network.components", "list", 'what trains beside text_encoders: { "transformer" } when absent, or { "vae" }',
    { acts_with = WHOLE }),
  setting("network.start", "text", "base: go on from its weights; random: from keyed random numbers",
    { values = { "base", "random" }, acts_with = WHOLE }),
  setting("network.init", "factors", 'factors on the random numbers by pattern: { ["proj_out"] = 0 }',
    { acts_with = WHOLE }),

  setting("objective", "kind", "what the weights learn: denoise, or autoencode { kl = 5e-4 } for the VAE",
    { kinds = "objective", default = { kind = "denoise" }, shapes = "it is what the weights learn" }),
  setting("objective.l1", "number", "weight of the mean distance to the picture; 1 when absent",
    { min = 0, acts_with = { "autoencode" } }),
  setting("objective.l2", "number", "weight of the mean squared distance; 2 when absent",
    { min = 0, acts_with = { "autoencode" } }),
  setting("objective.gradient", "number", "weight of the distance between edges; 0.5 when absent",
    { min = 0, acts_with = { "autoencode" } }),
  setting("objective.scale", "number", "weight of rebuilding at half the size from half the latent; 0 when absent",
    { min = 0, acts_with = { "autoencode" } }),
  setting("objective.max", "number", "highest guidance value that is learned; 5 when absent",
    { min = 1, acts_with = { "distill_guidance" } }),
  setting("objective.anchor", "number", "part of the pictures that stay at guidance 1 as denoise has them; 0.5 when absent",
    { min = 0, max = 1, acts_with = { "distill_guidance" } }),
  setting("objective.kl", "number", "weight of the latents' distance from a standard normal; 0.0005 when absent",
    { min = 0, acts_with = { "autoencode" } }),

  setting("data", "sets", "data sets: { images { dir = … } }", { required = true,
    shapes = "the order of the batches follows from it" }),
  setting("data[].dir", "path", "folder of pictures with .txt captions", { required = true, unnamed = true, acts_with = { "images" } }),
  setting("data[].script", "path", "draw.lua of lorarun's own examples or recipes that draws the pictures, once, into the cache",
    { required = true, acts_with = { "drawn" } }),
  setting("data[].count", "integer", "pictures that it draws", { required = true, min = 1, max = 1e6, acts_with = { "drawn" } }),
  setting("data[].first", "integer", "index of the first of them; 0 when absent", { min = 0, acts_with = { "drawn" } }),
  setting("data[].seed", "integer", "what they are a function of, with their index; 1 when absent",
    { min = 0, acts_with = { "drawn" } }),
  setting("data[].size", "integer", "side of a picture; 128 when absent", { unit = "px", min = 16, max = 4096, acts_with = { "drawn" } }),
  setting("data[].crop", "integer", "side of a window of it, drawn in its place; absent: the whole picture",
    { unit = "px", min = 16, acts_with = { "drawn" } }),
  setting("data[].style", "text", "rendering style that the script knows; plain when absent", { acts_with = { "drawn" } }),
  setting("data[].trigger", "text", "word that stands for the subject", { default = "" }),
  setting("data[].class", "text", "what the subject is: person, style", { default = "" }),
  setting("data[].caption", "text", "caption of pictures without .txt; {trigger} and {class} are filled in",
    { default = "" }),
  setting("data[].caption_dropout", "number", "chance of an empty caption, per sample",
    { default = 0, min = 0, max = 1,
      shapes = "the data set is known by it; caption_dropout in a phase, on.step or a tweak stands above it" }),
  setting("data[].resolution", "sizes", "side of a square of the same area; a list trains on each",
    { unit = "px", default = { 512 } }),
  setting("data[].repeats", "integer", "times each picture counts in an epoch", { default = 1, min = 1 }),
  setting("data[].weight", "number", "factor on the loss of these pictures", { default = 1, min = 0,
    shapes = "the data set is known by it; weights = { … } in a phase, on.step or a tweak multiply it" }),
  setting("data[].prior", "flag", "pictures of the class without the subject (regularisation)", { default = false }),
  setting("data[].latents", "text", "mean or sample of the VAE's posterior", { default = "mean",
    values = { "mean", "sample" } }),
  setting("data[].flip", "flag", "add a mirrored copy of each picture", { default = false }),
  setting("data[].min_size", "integer", "shortest side of a bucket", { unit = "px", default = 256, min = 16 }),
  setting("data[].max_size", "integer", "longest side of a bucket", { unit = "px", default = 2048, min = 16 }),
  setting("data[].size_step", "integer", "sides of buckets are multiples of it", { unit = "px", default = 64, min = 16 }),
  setting("data[].no_upscale", "flag", "never enlarge a picture", { default = false }),
  setting("data[].background", "list", "colour under transparent pixels, {r, g, b}", { default = { 255, 255, 255 }, count = 3 }),

  setting("batch", "integer", "pictures in a micro-batch", { default = 1, min = 1,
    shapes = "the order of the batches follows from it" }),
  setting("accumulate", "integer", "micro-batches in a step", { default = 1, min = 1,
    shapes = "the run's epochs are counted in it; in a phase or on.step it may change" }),
  setting("clip", "number", "global norm of the gradient; 0 = off", { default = 1, min = 0, live = true }),
  setting("ema", "number", "decay of the averaged weights; 0 = off", { default = 0, min = 0, max = 1, live = true }),
  setting("guidance", "number", "guidance value that the model is trained under",
    { default = 1, min = 0, live = true, families = { "flux" } }),

  setting("optimizer", "kind", "how weights move: adamw { lr = 1e-4 }", { kinds = "optimizer", default = { kind = "adamw" },
    shapes = "the moments that it keeps belong to it" }),
  setting("optimizer.lr", "number", "learning rate", { default = 1e-4, min = 0, live = true }),
  setting("optimizer.weight_decay", "number", "decoupled weight decay", { default = 0.01, min = 0 }),
  setting("optimizer.momentum", "number", "decay of the momentum; absent: 0.95 for muon, 0.9 for sgd", { min = 0, max = 1 }),
  setting("optimizer.betas", "list", "decay of the two moments", { default = { 0.9, 0.999 }, count = 2 }),
  setting("optimizer.eps", "number", "added to the root of the second moment", { default = 1e-8, min = 0 }),

  setting("schedule", "kind", "learning rate over the run: cosine { warmup = 0.05 }",
    { kinds = "schedule", default = { kind = "constant" }, reload = true }), -- its options: lua/lorarun/schedule/*.lua

  setting("timesteps", "kind", "law of the noise time", { kinds = "timesteps", default = { kind = "sigmoid" }, live = true }),
  setting("timesteps.scale", "number", "factor on the normal of sigmoid and shifted",
    { default = 1, acts_with = { "flux_shift", "shifted", "sigmoid" } }),
  setting("timesteps.mean", "number", "mean of logit_normal",
    { default = 0, acts_with = { "logit_normal" } }),
  setting("timesteps.std", "number", "standard deviation of logit_normal",
    { default = 1, min = 0, acts_with = { "logit_normal" } }),
  setting("timesteps.shift", "number", "factor S of shifted",
    { default = 3, min = 0, acts_with = { "shifted" } }),
  setting("timesteps.min", "number", "lowest sigma", { default = 0, min = 0, max = 1 }),
  setting("timesteps.max", "number", "highest sigma", { default = 1, min = 0, max = 1 }),

  setting("loss", "kind", "what is minimised", { kinds = "loss", default = { kind = "mse" }, live = true }),
  setting("loss.delta", "number", "where huber turns from square to straight",
    { default = 0.1, min = 0, acts_with = { "huber" } }),
  setting("loss.weighting", "text", "weight by noise time", { default = "none",
    values = { "none", "sigma_sqrt", "cosmap" } }),

  setting("save", "table", "checkpoints", { default = {}, reload = true }),
  setting("save.every", "integer", "steps between checkpoints; 0: the last step only, which is always saved",
    { unit = "steps", default = 250, min = 1 }),
  setting("save.keep", "integer", "newest checkpoints kept; 0 = all", { default = 0, min = 0 }),
  setting("save.format", "text", "names inside the LoRA file", { default = "peft", values = { "peft", "kohya", "comfy" } }),
  setting("save.dtype", "text", "dtype inside the LoRA file", { default = "float32",
    values = { "float32", "float16", "bfloat16", "fp32", "fp16", "bf16" } }),

  setting("render", "table", "pictures drawn while training; absent, false or every = 0: none", { reload = true }),
  setting("render.every", "integer", "steps between pictures", { unit = "steps", default = 250, min = 1 }),
  setting("render.prompts", "list", "one picture for each; {trigger} and {class} are filled in", { required = true, is_prose = true }),
  setting("render.negative", "text", "what pictures should not show; acts with true_cfg > 1", { default = "" }),
  setting("render.true_cfg", "number", "classifier-free guidance; 1 = off", { default = 1, min = 0 }),
  setting("render.steps", "integer", "steps of the sampler", { unit = "steps", default = 28, min = 1 }),
  setting("render.guidance", "number", "guidance value of the model",
    { default = 3.5, min = 0, families = { "flux" } }),
  setting("render.size", "list", "{width, height}", { unit = "px", default = { 1024, 1024 }, count = 2, min = 16 }),
  setting("render.seed", "integer", "seed of the start noise", { default = 42, min = 0 }),
  setting("render.sampler", "text", "name of the sampler", { default = "euler", values = { "euler", "heun" } }),

  setting("evaluate", "table", "measurements on held-out pictures while training; absent, false or every = 0: none"),
  setting("evaluate.every", "integer", "steps between evaluations; step 0 and the last one are measured too",
    { unit = "steps", default = 250, min = 1, reload = true }),
  setting("evaluate.holdout", "integer", "pictures taken out of training and measured on", { min = 1,
    shapes = "it takes pictures out of training" }),
  setting("evaluate.dir", "path", "instead of holdout: a folder of pictures that are not in the training data",
    { shapes = MEASURES }),
  setting("evaluate.sigmas", "list", "noise times that each picture is measured at",
    { default = { 0.1, 0.3, 0.5, 0.7, 0.9 }, shapes = MEASURES }),
  setting("evaluate.repeats", "integer", "noises for each picture and sigma", { default = 1, min = 1, shapes = MEASURES }),
  setting("evaluate.seed", "integer", "seed of the noises, which are the same for ever",
    { default = 42, min = 0, shapes = MEASURES }),
  setting("evaluate.guidance", "number", "guidance value of the measurement; the recipe's when absent",
    { min = 0, shapes = MEASURES }),
  setting("evaluate.ema", "flag", "measure the averaged weights when there are any", { default = true, shapes = MEASURES }),
  setting("evaluate.metrics", "list", "what is measured: names of lua/lorarun/metric/*.lua",
    { default = { "heldout_loss" }, shapes = MEASURES }),

  setting("policies", "policies", "ready policies that look at the run: { early_stop { patience = 3 } }", { default = {},
    reload = true }), -- their options: lua/lorarun/policies/*.lua

  setting("text_encoders", "kind", "when text encoders train: late_tune { from = 0.8, lr = 5e-6 }; absent: as everything else",
    { kinds = "text_encoders", reload = true }),
  setting("text_encoders.from", "number", "first step, or a part of the run below 1; late_tune: 0.8 when absent", { min = 0 }),
  setting("text_encoders.to", "number", "last step, or a part of the run below 1; early_freeze: 0.3 when absent", { min = 0 }),
  setting("text_encoders.lr", "number", "their learning rate; the run's times factor when absent", { min = 0 }),
  setting("text_encoders.factor", "number", "factor on the run's rate", { default = 1, min = 0 }),
  setting("text_encoders.encoders", "list", 'which of them: { "clip_l" }; absent: those with adapters'),

  setting("phases", "phases", "what holds in parts of the run: { phase { from = 0.8, lr = 3e-5 } }", { default = {},
    reload = true }),

  setting("on", "table", "functions that decide while the run goes", { default = {}, reload = true }),
  setting("on.step", "hook", "function(state, run) that gives the knobs of the next step"),
  setting("version", "integer", "of the state that hooks keep: another one calls migrate",
    { default = 1, min = 0, reload = true }),
  setting("migrate", "hook", "function(state, from) that gives the state of an older version in the shape of this one",
    { reload = true }),
}

--- What a step's decision may hold beside the settings marked live: in on.step's answer, a phase, a tweak.
schema.knobs = {
  setting("lr", "number", "learning rate of every group that has none of its own", { min = 0 }),
  setting("transformer", "group", "the denoiser: { lr = …, train = true }, or false to freeze it"),
  setting("text_encoder", "group", "all text encoders: { lr = …, train = true }, or false to freeze them"),
  setting("clip_l", "group", "the CLIP-L text encoder"),
  setting("t5", "group", "the T5 text encoder"),
  setting("vae", "group", "the VAE"),
  setting("modules", "factors", 'factors on the rate of modules by pattern: { ["attn.to_q"] = 0.5 }'),
  setting("caption_dropout", "number", "chance of an empty caption, for all data sets", { min = 0, max = 1 }),
  setting("network_dropout", "number", "chance of dropping a row of the bottleneck", { min = 0, max = 1 }),
  setting("accumulate", "integer", "micro-batches in a step", { min = 1 }),
  setting("weights", "list", "factor on the loss of each data set's pictures, in the recipe's order"),
  setting("save", "cadence", "checkpoints: { every = 100 }; false: the last step only"),
  setting("render", "cadence", "pictures: { every = 100 }; false: the last step only"),
  setting("evaluate", "cadence", "evaluations: { every = 100 }; false: the last step only"),
  setting("stop", "reason", "a reason to stop here with everything saved; the exit code is 3"),
}

--- What a hook may read of the run.
schema.run_facts = {
  setting("step", "integer", "the step that is decided, from 1"),
  setting("steps", "integer", "steps in all"),
  setting("progress", "number", "(step - 1) / steps"),
  setting("epoch", "integer", "times through the data so far"),
  setting("seed", "integer", "of the run"),
  setting("lr", "number", "what the layers below say for this step"),
  setting("loss", "number", "of the last step; nil before the first"),
  setting("mean_loss", "number", "moving average of the loss"),
  setting("grad_norm", "number", "of the last step, before clipping"),
  setting("grad_norms", "factors", "the same by group: transformer, clip_l, t5"),
  setting("loss_slope", "number", "least-squares slope of the last 100 losses, per 100 steps"),
  setting("loss_variance", "number", "variance of the last 100 losses"),
  setting("bands", "list", "four bands of sigma, low to high: { low, high, count, mean, variance } of the samples' losses"),
  setting("images", "integer", "pictures seen so far, repeats counted"),
  setting("evaluation", "table", "the last evaluation: { step, heldout_loss, best, history }; nil before the first"),
}

--- The text encoders that `text_encoder` stands for.
schema.text_encoders = { "clip_l", "t5" }

--- Where a phase begins and ends.
schema.phase_borders = {
  setting("from", "number", "first step, or a part of the run below 1", { min = 0 }),
  setting("to", "number", "last step, or a part of the run below 1", { min = 0 }),
  setting("from_epoch", "number", "begins after this many epochs", { min = 0 }),
  setting("to_epoch", "number", "ends with this epoch", { min = 0 }),
}

local FLOW = { "flux" }
local function on_flow(why) return { why = why, families = FLOW } end

--- Names that people bring from other trainers and that do nothing on these families.
schema.inert = {
  noise_offset = on_flow "the noise of flow matching has no offset; other trainers ignore it for FLUX too",
  adaptive_noise_scale = on_flow "the noise of flow matching has no offset to scale",
  min_snr_gamma = on_flow "flow matching has no signal-to-noise weighting by gamma; see loss.weighting",
  snr_gamma = on_flow "flow matching has no signal-to-noise weighting by gamma; see loss.weighting",
  debiased_estimation_loss = on_flow "flow matching has no signal-to-noise weighting to correct",
  zero_terminal_snr = on_flow "the schedule of flow matching ends in pure noise by construction",
  multires_noise_iterations = on_flow "flow matching mixes plain noise only",
  multires_noise_discount = on_flow "flow matching mixes plain noise only",
  ip_noise_gamma = on_flow "flow matching adds no input perturbation",
  v_parameterization = on_flow "flux predicts the flow's velocity by construction",
  clip_skip = on_flow "flux takes the pooled output of CLIP, which knows no skipped layers",
  conv_rank = on_flow "the blocks of flux hold no convolutions",
  conv_alpha = on_flow "the blocks of flux hold no convolutions",
  network_conv_dim = on_flow "the blocks of flux hold no convolutions",
  shuffle_tokens = { why = "captions are trained as they are written" },
  xformers = { why = "attention is chosen by the program" },
  sdpa = { why = "attention is chosen by the program" },
  gradient_checkpointing = { why = "see model.recompute" },
}

--- Names that recipes know and this version does not do.
schema.not_yet = {
  masks = "masked training",
}

--- Gives the reason why a name of other trainers does nothing on a family, or nil.
function schema.why_inert(name, family)
  local entry = schema.inert[name]
  if not entry then return nil end
  for _, one in ipairs(entry.families or { family }) do
    if one == family then return entry.why end
  end
end

local function find_in(list, name)
  for _, s in ipairs(list) do
    if s.name == name then return s end
  end
end

local by_name, last_keys -- settings by their names, and by the last part of them

local function index()
  by_name, last_keys = {}, {}
  for _, s in ipairs(schema.settings) do
    by_name[s.name], last_keys[s.name:match("[%w_]+$")] = s, true
  end
end

--- Gives the setting of an exact dotted name, or nil.
function schema.find(name)
  if not by_name then index() end
  return by_name[name]
end

--- Says whether a setting anywhere has this key.
function schema.is_known(key)
  if not by_name then index() end
  return last_keys[key] or false
end

--- The settings that a path names, the innermost first: data[2].weight, then data.
local function each_around(path)
  local name = path:gsub("%[%d+%]", "[]")
  return function()
    while name do
      local s = schema.find(name) or schema.find((name:gsub("%[%]$", "")))
      name = name:match("^(.*)[.%[][^.%[]*$")
      if s then return s end
    end
  end
end

--- Sorts paths as their settings stand in the schema, those of one setting by name.
function schema.sort(paths)
  local place = {}
  for i, s in ipairs(schema.settings) do place[s] = i end
  for _, path in ipairs(paths) do
    local s = each_around(path)()
    place[path] = ("%06d %s"):format(s and place[s] or 0, path)
  end
  table.sort(paths, function(a, b) return place[a] < place[b] end)
end

--- When a setting may change inside a run: "step" (and whenever else), "reload" (and at a start), "restart", or nil.
---@param path string   with the numbers of data sets: data[2].weight
function schema.changes(path)
  for s in each_around(path) do
    local when = s.live and "step" or s.reload and "reload" or s.restart and "restart"
    if when then return when end
  end
end

--- Why a setting cannot change inside a run.
function schema.reason(path)
  for s in each_around(path) do
    if s.shapes then return s.shapes end
  end
end

--- Gives the knob or the border of a phase with this name, or nil.
function schema.find_knob(name) return find_in(schema.knobs, name) end
function schema.find_border(name) return find_in(schema.phase_borders, name) end

--- Gives the names of all knobs: the knobs proper and the settings that may change while training.
function schema.knob_names()
  local names = {}
  for _, s in ipairs(schema.knobs) do names[#names + 1] = s.name end
  for _, s in ipairs(schema.settings) do
    if s.live and not s.name:find(".", 1, true) then names[#names + 1] = s.name end
  end
  table.sort(names)
  return names
end

--- Gives the keys that may stand directly below `prefix` ("" for the top).
---@param prefix string
---@return string[]
function schema.keys(prefix)
  local keys = {}
  for _, s in ipairs(schema.settings) do
    local parent, key = s.name:match("^(.-)%.?([%w_]+)$")
    if parent == prefix then keys[#keys + 1] = key end
  end
  return keys
end

--- Gives the known names of a registry: families, networks, … or laws.
function schema.kinds(registry)
  if schema.laws[registry] then return schema.laws[registry] end
  local names = tables.sorted_keys(lorarun.kinds()[registry] or {})
  return names
end

--- Gives every constructor that a recipe may call.
function schema.constructors()
  local names = {}
  for _, registry in ipairs { "family", "network", "objective", "optimizer", "timesteps", "loss", "schedule", "data", "policies",
    "events", "phases", "text_encoders" } do
    for _, name in ipairs(schema.kinds(registry)) do names[#names + 1] = name end
  end
  return names
end

return schema
