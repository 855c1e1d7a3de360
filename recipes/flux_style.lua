--- FLUX.1 style LoRA from 20 to 100 pictures of one hand.
--
--   needs     FLUX.1-dev as a diffusers folder in recipes/models/FLUX.1-dev, pictures in recipes/pictures,
--             captions that tell what is shown and leave out how it is drawn
--   run       lorarun recipes/flux_style.lua --name my_style --set data.dir=…
--
-- Style is texture and composition: a low rank and the higher noise times, where
-- composition is decided, carry it without learning the motifs by heart.

return recipe {
  seed = 42, epochs = 30,

  model   = flux { path = "models/FLUX.1-dev", dtype = "bf16", recompute = true },
  network = lora { rank = 16, alpha = 16, dropout = 0.05 },

  data = {
    images { dir = "pictures", trigger = "in the style of brshk_", caption_dropout = 0.1, resolution = { 768, 1024 } },
  },

  batch = 1, accumulate = 4, ema = 0.99,
  optimizer = adamw { lr = 8e-5 },
  schedule  = cosine { warmup = 0.03, floor = 0.1 },
  timesteps = shifted { shift = 3.0 }, loss = mse {},

  save   = { every = 200, keep = 6, dtype = "bfloat16" },
  render = {
    every = 200, steps = 28, guidance = 3.5, size = { 1024, 768 },
    prompts = {
      "a harbour at dawn, in the style of brshk_",
      "an old woman reading, in the style of brshk_",
      "a harbour at dawn", -- control
    },
  },
}
