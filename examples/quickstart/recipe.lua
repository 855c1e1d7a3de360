--- The quickstart: a LoRA of one drawn character, on two CPU cores.
--
--   needs     nothing but this repository; the base in base/ has random weights (seed 0),
--             so the pictures show texture, not the character: a trained base comes later
--   takes     about two minutes
--   run       ./lorarun examples/quickstart/recipe.lua
--   look at   runs/quickstart/samples/ (contact sheets), metrics.jsonl, checkpoints/
--   try       change lr in on.step, or --steps 600, or --set network.rank=16

return recipe {
  name = "quickstart", seed = 42, steps = 300,

  model   = flux { path = "base", dtype = "float32" },
  network = lora { rank = 8, alpha = 8 },

  data = {
    images { dir = "photos", trigger = "lorafox", class = "fox", resolution = 128, size_step = 16, caption_dropout = 0.05 },
  },

  batch = 2, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = 2e-3, weight_decay = 0.01 },
  timesteps = sigmoid {}, loss = mse {}, guidance = 1.0,

  save   = { every = 100, keep = 3, format = "peft" },
  render = {
    every = 100, steps = 8, guidance = 3.5, size = { 128, 128 }, seed = 42,
    prompts = {
      "lorafox, a fox in a meadow",
      "lorafox, a fox in the snow at night",
      "lorafox, a fox on a beach",
      "a fox in a meadow",                         -- control: the same without the token
    },
  },

  -- Policy: a plain function of (state, run), asked before every step.
  on = {
    step = function(state, run)
      local warmup = math.min(1, run.step / 20)
      local decay = run.progress < 0.7 and 1 or 1 - (run.progress - 0.7) / 0.3 * 0.9
      return { lr = 2e-3 * warmup * decay }
    end,
  },
}
