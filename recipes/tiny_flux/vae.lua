--- The second stage of the small FLUX: its VAE learns to rebuild pictures of the drawn world.
--
--   needs     the base's folder (config.json of the VAE); it draws its own pictures, about six minutes, once
--   takes     about 40 minutes on two cores without a GPU (AMD EPYC, AVX2)
--   run       ./lorarun recipes/tiny_flux/vae.lua
--   look at   evaluations in runs/tiny_flux_vae/metrics.jsonl: PSNR of held-out windows in dB
--   then      ./lorarun export BASE OUT --weights runs/tiny_flux_vae/checkpoints/tiny_flux_vae-006000.safetensors
--
-- Muon: after 400 steps it was as far as AdamW after 900.  Squares weigh most, because stars and rain are few
-- pixels, which a loss of absolute differences gives up.
-- Small batches: at this size the number of updates decides, not how clean their gradients are.
-- Windows around the creatures, not whole pictures: sky and ground come back well after minutes and hide that eyes
-- and stripes do not.  The VAE is convolutional without attention, so what it learns on 64 px holds at any size.

local p = params {
  base     = { type = "path", default = "../../examples/quickstart/base", doc = "folder in diffusers layout" },
  pictures = { type = "integer", default = 10000, min = 64, doc = "windows that are drawn" },
}

return recipe {
  name = "tiny_flux_vae", seed = 7, steps = 6000,

  model     = flux { path = p.base, dtype = "float32" },
  network   = full { components = { "vae" }, start = "random" },
  objective = autoencode { l1 = 0.5, l2 = 8, gradient = 0.5, kl = 5e-4 },

  data = {
    drawn {
      script = "../../examples/creatures/draw.lua", count = p.pictures, seed = 11, size = 128, crop = 64,
      resolution = 64, min_size = 64, size_step = 16,
    },
  },

  batch = 8, clip = 1.0, ema = 0.999,
  optimizer = muon { lr = 4e-3, weight_decay = 0 },
  schedule  = cosine { warmup = 0.03 },

  evaluate = { every = 500, holdout = 32, sigmas = { 0 }, metrics = { "heldout_loss", "psnr" } },
  save     = { every = 500, keep = 2 },
}
