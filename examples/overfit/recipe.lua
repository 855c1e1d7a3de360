--- Overfitting on purpose, and the policies that see it and stop it.
--
--   needs     nothing but this repository: four pictures in photos/, too few for any rate, and eight pictures of the same
--             character in other places to measure on (examples/quickstart/heldout)
--   takes     a quarter of a minute on two CPU cores, because it is stopped; two minutes without the guard
--   run       ./lorarun examples/overfit/recipe.lua                  ends by itself, exit code 3
--             ./lorarun examples/overfit/recipe.lua --guard false --name overfit_on     trains on into the ground
--   look at   runs/overfit/report.html, the two curves: the loss of the four pictures goes on falling while the held-out
--             loss turns and rises; that turn is where the LoRA begins to learn the pictures instead of the character.
--             The sheets of overfit_on: the four pictures come back, on another ground; what they do not show falls
--             apart, and the creature without the word has become Mimo.
--             checkpoints/best.safetensors is from before the turn; draw both, side by side:
--                 ./lorarun compare overfit overfit_on --html overfit.html
--   try       --set optimizer.lr=1e-4 (later, and gentler), --set network.rank=2, --data examples/quickstart/photos (20 pictures)

local p = params {
  guard = { type = "flag", default = true, doc = "stop when the held-out loss gets no better" },
}

return recipe {
  name = "overfit", seed = 42, steps = 800,

  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 32, alpha = 32 },

  data = { images { dir = "photos", trigger = "mimo", class = "creature", resolution = 128, size_step = 16 } },

  batch = 4, clip = 1.0,
  optimizer = adamw { lr = 5e-4, weight_decay = 0 },

  save     = { every = 200, keep = 2 },
  evaluate = { every = 20, dir = "../quickstart/heldout", sigmas = { 0.3, 0.5, 0.7 }, repeats = 2 },
  render   = {
    every = 100, steps = 12, guidance = 3.5, size = { 128, 128 },
    prompts = {
      "a mimo creature, sitting in a forest by day",       -- one of the four pictures
      "a mimo creature, standing in the snow by day",      -- a place they do not show
      "a mimo creature, sleeping on the moon",
      "a green round creature, sitting on grass by day",   -- control: without the word
    },
  },

  policies = p.guard and {
    keep_best  { metric = "heldout_loss", keep = 1 },                       -- what to use afterwards
    early_stop { metric = "heldout_loss", patience = 4, min_delta = 1e-3 }, -- four measurements without an improvement
  } or {},
}
