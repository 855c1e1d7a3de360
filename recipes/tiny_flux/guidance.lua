--- The fourth stage of the small FLUX: it learns what its guidance value means, so that one pass gives what
--- classifier-free guidance takes two for.
--
--   needs     the base that transformer.lua made: --base FOLDER
--   takes     fourteen minutes on two cores without a GPU (AMD EPYC, AVX2), three of them to encode pictures and captions
--   run       ./lorarun recipes/tiny_flux/guidance.lua --base FOLDER
--   then      ./lorarun export FOLDER OUT --weights runs/tiny_flux_guidance/checkpoints/tiny_flux_guidance-000800.safetensors
--
-- The base teaches what it becomes: at guidance 1 it says what it would draw with the caption and without; at
-- guidance g the model learns the line through both (Meng et al. 2023).  FLUX.1-dev was made so.

local p = params {
  base     = { type = "path", default = "../../examples/quickstart/base", doc = "folder in diffusers layout" },
  pictures = { type = "integer", default = 15000, min = 64, doc = "pictures that are drawn; those of transformer.lua" },
}

return recipe {
  name = "tiny_flux_guidance", seed = 8, steps = 800,

  model     = flux { path = p.base, dtype = "float32" },
  network   = full {},
  objective = distill_guidance { max = 5, anchor = 0.1 },

  data = {
    drawn {
      script = "../../examples/creatures/draw.lua", count = p.pictures, seed = 7, size = 128,
      resolution = 128, min_size = 128, size_step = 16, caption_dropout = 0.1,
    },
  },

  batch = 16, clip = 1.0, ema = 0.995,
  optimizer = adamw { lr = 8e-4, weight_decay = 0.01 },
  schedule  = linear { warmup = 0.05 },
  timesteps = logit_normal { mean = 1 }, loss = mse {},

  save   = { every = 200, keep = 2 },
  render = {
    every = 400, steps = 20, guidance = 3.5, size = { 128, 128 }, seed = 1,
    prompts = {
      "a green round creature with two horns, sitting on grass at night",
      "a red tall creature with pointy ears, standing in the snow",
      "a blue fluffy creature waving on a beach at sunset",
      "a yellow square creature with a top hat, jumping in a room",
    },
  },
}
