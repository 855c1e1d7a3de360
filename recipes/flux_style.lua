--- FLUX.1 style LoRA from 20 to 100 pictures of one hand.
--
--   needs     FLUX.1-dev as a diffusers folder (--base, or recipes/models/FLUX.1-dev), pictures, and captions that tell
--             what is shown and leave out how it is drawn
--   run       lorarun flux_style --data my_pictures --name my_style
--   look at   lorarun plan flux_style --steps 3000
--
-- Style is texture and composition: a low rank and the higher noise times, where
-- composition is decided, carry it without learning the motifs by heart.

local p = params {
  base = { type = "path", default = "models/FLUX.1-dev", doc = "diffusers folder of the base model" },
  trigger = { type = "text", default = "in the style of brshk_", doc = "words that stand for the style" },
  rank = { type = "integer", default = 16, min = 1, max = 256, doc = "rank of the LoRA" },
  lr = { type = "number", default = 8e-5, min = 0, max = 1e-2, doc = "learning rate at its highest" },
  shift = { type = "number", default = 3.0, min = 0.1, max = 20, doc = "above 1 the higher noise times are trained more" },
}

return recipe {
  seed = 42, epochs = 30,

  model   = flux { path = p.base, dtype = "bf16", recompute = true },
  network = lora { rank = p.rank, alpha = p.rank, dropout = 0.05 },

  data = {
    images { dir = "pictures", trigger = p.trigger, caption_dropout = 0.1, resolution = { 768, 1024 } },
  },

  batch = 1, accumulate = 4, ema = 0.99,
  optimizer = adamw { lr = p.lr },
  schedule  = cosine { warmup = 0.03, floor = 0.1 },
  timesteps = shifted { shift = p.shift }, loss = mse {},

  save   = { every = 200, keep = 6, dtype = "bfloat16" },
  render = {
    every = 200, steps = 28, guidance = 3.5, size = { 1024, 768 },
    prompts = {
      "a harbour at dawn, " .. p.trigger,
      "an old woman reading, " .. p.trigger,
      "a harbour at dawn", -- control
    },
  },
}
