--- A style: the same drawn world, as a risograph prints it.
--
--   needs     nothing but this repository: 24 printed pictures of many creatures, each caption ending in
--             ", in inkmoss style" and saying everything else that is to be seen, so that the word is left with the style
--   takes     about two minutes on two CPU cores
--   run       ./lorarun examples/style/recipe.lua
--   look at   runs/style/report.html: prompts in pairs, with the word and without. All turn into coarse dots and few
--             inks: this small base hardly hears a new word at the end of a caption, so the style is on whenever the file is
--   try       --unprinted true (the same 24 pictures, not printed, train beside: some scenes are printed then, others not),
--             --set network.rank=4 (a style needs little), --set network.targets=attn (does attention suffice?)

local p = params {
  unprinted = { type = "flag", default = false, doc = "draw the same pictures in the world's own style and train them beside" },
}

local printed = images {
  dir = "photos", trigger = "inkmoss", class = "style", resolution = 128, size_step = 16, caption_dropout = 0.05,
}
local plain = p.unprinted and drawn { -- seed and count of photos/
  script = "../creatures/draw.lua", count = 24, seed = 300, size = 128, prior = true,
  resolution = 128, size_step = 16, caption_dropout = 0.05,
} or nil

return recipe {
  name = "style", seed = 42, steps = 1000,

  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 16, alpha = 16, targets = { "attn", "ff" } },

  data = { printed, plain },

  batch = 4, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = 1e-3, weight_decay = 0.01 },
  schedule = warmup_stable_decay { warmup = 0.02, decay = 0.4, floor = 0.1 },
  timesteps = sigmoid {}, guidance = 1.0,

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
    },
  },
}
