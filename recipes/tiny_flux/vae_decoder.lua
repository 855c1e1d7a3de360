--- The last stage of the small FLUX: its VAE's decoder alone, on whole pictures.  Worth 3 dB.
--
--   needs     a base whose VAE is trained; it draws its own pictures, or finds those of transformer.lua
--   takes     about 6 minutes on two cores without a GPU (AMD EPYC, AVX2)
--   run       ./lorarun recipes/tiny_flux/vae_decoder.lua --base FOLDER
--   then      ./lorarun export FOLDER OUT --weights runs/tiny_flux_decoder/checkpoints/tiny_flux_decoder-001000.safetensors
--
-- The encoder rests, so latents, and all that a transformer learned of them, stay what they are: this stage may come
-- before or after the transformer's. Whole pictures, because rain, stars and horizons lie outside of the windows that
-- vae.lua sees; squares of differences only, because they are what PSNR measures.

local p = params {
  base     = { type = "path", default = "../../examples/quickstart/base", doc = "folder in diffusers layout" },
  pictures = { type = "integer", default = 15000, min = 64, doc = "pictures that are drawn; those of transformer.lua" },
}

return recipe {
  name = "tiny_flux_decoder", seed = 9, steps = 1000,

  model     = flux { path = p.base, dtype = "float32" },
  network   = full { components = { "vae" }, targets = { "vae.decoder.*" } },
  objective = autoencode { l1 = 0, l2 = 8, gradient = 0.25, kl = 0 },

  data = {
    drawn {
      script = "../../examples/creatures/draw.lua", count = p.pictures, seed = 7, size = 128,
      resolution = 128, min_size = 128, size_step = 16,
    },
  },

  batch = 4, clip = 1.0, ema = 0.99,
  optimizer = muon { lr = 1e-3, weight_decay = 0 },
  schedule  = linear { warmup = 0.05 },

  evaluate = { every = 250, holdout = 32, sigmas = { 0 }, metrics = { "heldout_loss", "psnr" } },
  save     = { every = 250, keep = 2 },
}
