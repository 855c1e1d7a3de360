--- A style: the same drawn world, as a risograph prints it, and only where the prompt asks for it.
--
--   needs     nothing but this repository: 24 printed pictures of many creatures, each caption ending in
--             ", in inkmoss style" and saying everything else that is to be seen, so that the word is left with the style;
--             it draws 72 others, not printed and without the word, which train beside
--   takes     two to three minutes on two CPU cores
--   run       ./lorarun examples/style/recipe.lua
--   look at   runs/style/report.html: prompts in pairs, with the word and without. With it the picture turns into coarse
--             dots and few inks; without it the creatures keep their looks
--   try       --prior 0 (without the others: everything is printed, with the word or without),
--             --set network.text_encoders= (CLIP stays as it is: the base has never read "inkmoss", and hardly hears it),
--             --set network.rank=4 (a style needs little)

local p = params {
  prior = { type = "integer", default = 72, min = 0, doc = "creatures to draw, not printed, and train beside, so that they stay so" },
}

local printed = images {
  dir = "photos", trigger = "inkmoss", class = "style", resolution = 128, size_step = 16, caption_dropout = 0.05,
  repeats = p.prior > 0 and 3 or 1,
}
local plain = p.prior > 0 and drawn {
  script = "../creatures/draw.lua", count = p.prior, seed = 301, size = 128, prior = true,
  resolution = 128, size_step = 16, caption_dropout = 0.05,
} or nil

return recipe {
  name = "style", seed = 42, steps = 1000,

  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 16, alpha = 16, targets = { "attn", "ff" }, text_encoders = { "clip_l" } },

  data = { printed, plain },

  batch = 4, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = 1.5e-3, weight_decay = 0.01 },
  schedule = warmup_stable_decay { warmup = 0.02, decay = 0.4, floor = 0.1 },
  timesteps = logit_normal { mean = 0.4 }, loss = mse {}, guidance = 1.0,

  save = { every = 250, keep = 4 },
  render = {
    every = 250, steps = 16, guidance = 3.5, size = { 128, 128 }, seed = 42,
    prompts = {
      "a green round creature with two horns, sitting on grass by day, in inkmoss style",
      "a green round creature with two horns, sitting on grass by day",
      "a big purple fluffy creature, standing in the snow at night, in inkmoss style",
      "a big purple fluffy creature, standing in the snow at night",
      "a yellow tall creature, jumping on a beach at sunset, in inkmoss style",
      "a yellow tall creature, jumping on a beach at sunset",
      "a red square creature, waving in a room by day, in inkmoss style",
      "a red square creature, waving in a room by day",
    },
  },
}
