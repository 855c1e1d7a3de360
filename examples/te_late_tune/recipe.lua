--- Text encoder, late tune: CLIP-L rests on its cached embeddings, then trains in the last part.
--
--   question  does a rare trigger bind better when CLIP learns it from the start, or when CLIP
--             only gives the last touch to a transformer that knows the subject already?
--   answer    not measured yet; compare (below) draws both, side by side
--   needs     nothing but this repository
--   takes     half a minute on two CPU cores
--   run       ./lorarun plan examples/te_late_tune/recipe.lua     the switch at step 85, and what is wrong below
--             ./lorarun examples/te_late_tune/recipe.lua          "step 85: clip_l trains …"
--   compare   ./lorarun fork te_late_tune --at 50 --recipe examples/te_early_freeze/recipe.lua --name early
--             ./lorarun compare te_late_tune early                same pictures, same noise, other policy from 51 on

return recipe {
  name = "te_late_tune", seed = 42, steps = 120,

  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 8, alpha = 8, text_encoders = { "clip_l" }, text_encoder_rank = 4 },

  data = {
    images { dir = "../quickstart/photos", trigger = "mimo", class = "creature", resolution = 128, size_step = 16,
             caption_dropout = 0.05 },
  },

  batch = 2, clip = 1.0,
  optimizer = adamw { lr = 2e-3 },
  schedule = cosine { warmup = 0.05, floor = 0.1 },

  min_snr_gamma = 5,         -- here on purpose: it does nothing on flow matching, and `lorarun plan` says so

  -- off up to step 84, then at a rate of its own, far below the denoiser's
  text_encoders = late_tune { from = 0.7, lr = 2e-4 },

  save     = { every = 10 },
  evaluate = { every = 40, holdout = 4, sigmas = { 0.2, 0.5, 0.8 } },
  render   = { every = 60, steps = 4, size = { 128, 128 },
               prompts = { "a mimo creature, sitting on grass", "a green round creature, sitting on grass" } },
}
