--- Text encoder, early then freeze: CLIP-L trains first, then its captions are encoded once more and it rests.
--
--   question  as in ../te_late_tune, the other way round: all but the policy is the same recipe
--   watch     "step 85: clip_l rests: 19 captions encoded …", and the pictures a second that come back with it
--   needs     nothing but this repository
--   takes     half a minute on two CPU cores
--   run       ./lorarun examples/te_early_freeze/recipe.lua
--             or from a moment of the other run: see ../te_late_tune/recipe.lua

return recipe {
  name = "te_early_freeze", seed = 42, steps = 120,

  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 8, alpha = 8, text_encoders = { "clip_l" }, text_encoder_rank = 4 },

  data = {
    images { dir = "../quickstart/photos", trigger = "mimo", class = "creature", resolution = 128, size_step = 16,
             caption_dropout = 0.05 },
  },

  batch = 2, clip = 1.0,
  optimizer = adamw { lr = 2e-3 },
  schedule = cosine { warmup = 0.05, floor = 0.1 },

  -- on up to step 84 at a rate of its own, far below the denoiser's, then frozen
  text_encoders = early_freeze { to = 0.7, lr = 2e-4 },

  save     = { every = 10 },
  evaluate = { every = 40, holdout = 4, sigmas = { 0.2, 0.5, 0.8 } },
  render   = { every = 60, steps = 4, size = { 128, 128 },
               prompts = { "a mimo creature, sitting on grass", "a green round creature, sitting on grass" } },
}
