--- The quickstart: a LoRA that learns a drawn character, on two CPU cores.
--
--   needs     nothing but this repository: the base in base/, 20 pictures of Mimo in photos/ with captions that say
--             nothing of its colours, its eyes or its shape; it draws sixty other creatures, which train beside Mimo so
--             that they keep their looks
--   takes     about two minutes on two CPU cores
--   run       ./lorarun examples/quickstart/recipe.lua
--   look at   runs/quickstart/report.html: each prompt before, while and after it trained. Mimo was seen in grass, forest,
--             beach and room; the snow, the desert, the moon and the street are new to it, and the last two prompts do
--             not name it: they should stay what they were
--   try       --prior 0 (without the others: Mimo is learned faster, and every creature turns into it),
--             --steps 300 (the colours arrive first), --set network.rank=4, --set optimizer.lr=5e-3 (too much), or
--             save this file with another rate while it trains; ./lorarun attach quickstart types into the run

local p = params {
  prior = { type = "integer", default = 60, min = 0, doc = "other creatures to draw and train beside Mimo, so that they stay as they are" },
}

local mimo = images {
  dir = "photos", trigger = "mimo", class = "creature", resolution = 128, size_step = 16, caption_dropout = 0.05,
  repeats = p.prior > 0 and 5 or 1,
}
local others = p.prior > 0 and drawn {
  script = "../creatures/draw.lua", count = p.prior, seed = 5, size = 128, prior = true,
  resolution = 128, size_step = 16, caption_dropout = 0.05,
} or nil

return recipe {
  name = "quickstart", seed = 42, steps = 1000,

  model   = flux { path = "base", dtype = "float32" },
  network = lora { rank = 16, alpha = 16, targets = { "attn", "ff" } },

  data = { mimo, others },

  batch = 4, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = 1.5e-3, weight_decay = 0.01 },
  timesteps = logit_normal { mean = 0.7 }, loss = mse {}, guidance = 1.0, -- at this size forms are decided above sigma 0.6

  save     = { every = 250, keep = 4, format = "peft" },
  evaluate = { every = 250, dir = "heldout", sigmas = { 0.3, 0.5, 0.7 } }, -- eight pictures in places that photos/ lacks
  render = {
    every = 250, steps = 16, guidance = 3.5, size = { 128, 128 }, seed = 42,
    prompts = {
      "a mimo creature, sitting on grass by day",            -- as in the pictures
      "a mimo creature, standing in a room at night",
      "a mimo creature, standing in the snow by day",        -- places it was never seen in
      "a mimo creature, jumping in a desert at sunset",
      "a mimo creature, waving on the moon",
      "a mimo creature, sitting on a street at night",
      "a green round creature, sitting on grass by day",     -- control: without the word
      "a white tall creature with two horns, standing in the snow by day",
    },
  },

  -- Policy: a plain function of (state, run), asked before every step. run.lr is what stands above.
  on = {
    step = function(state, run)
      local warmup = math.min(1, run.step / 20)
      local decay = run.progress < 0.6 and 1 or 1 - (run.progress - 0.6) / 0.4 * 0.9
      return { lr = run.lr * warmup * decay }
    end,
  },
}
