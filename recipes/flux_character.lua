--- FLUX.1 character LoRA from 15 to 40 portraits.
--
--   needs     FLUX.1-dev as a diffusers folder (--base, or recipes/models/FLUX.1-dev), pictures of one person, each with
--             a .txt caption or none
--   run       lorarun flux_character --data my_photos --name my_character
--   look at   lorarun plan flux_character: what changes when; while it trains, runs/my_character/samples: the sheets of
--             every 250 steps, same prompts, same noise
--   try live  edit the phases below while it runs; the next step uses them
--
-- Identity lives in attention as well as in the feed-forward layers, so both train.
-- The rate falls at the end: the last fifth settles details instead of moving them.

local p = params {
  base = { type = "path", default = "models/FLUX.1-dev", doc = "diffusers folder of the base model" },
  trigger = { type = "text", default = "kvthvmi_", doc = "a word of no meaning that stands for the person" },
  class = { type = "text", default = "person", doc = "what the person is: person, woman, man" },
  rank = { type = "integer", default = 32, min = 1, max = 512, doc = "rank of the LoRA: 16 for a likeness, 64 for every freckle" },
  lr = { type = "number", default = 1e-4, min = 0, max = 1e-2, doc = "learning rate of the first four fifths" },
  every = { type = "integer", default = 250, min = 1, unit = "steps", doc = "between checkpoints and between sheets" },
}

return recipe {
  seed = 42, steps = 2000,

  model   = flux { path = p.base, dtype = "bf16", recompute = true },
  network = lora { rank = p.rank, alpha = p.rank, targets = { "attn", "ff" } },

  data = {
    images {
      dir = "photos", trigger = p.trigger, class = p.class, caption = "photo of {trigger} {class}",
      caption_dropout = 0.05, resolution = { 512, 768, 1024 },
    },
  },

  batch = 1, accumulate = 2, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = p.lr, weight_decay = 0.01 },
  schedule  = constant { warmup = 0.025 },
  timesteps = sigmoid {}, loss = mse {}, guidance = 1.0,

  phases = { phase { from = 0.8, lr = 0.3 * p.lr } },

  save   = { every = p.every, keep = 8, format = "peft", dtype = "bfloat16" },
  render = {
    every = p.every, steps = 28, guidance = 3.5, size = { 1024, 1024 },
    prompts = {
      "photo of " .. p.trigger .. " " .. p.class .. " in a park, daylight",
      "close-up portrait of " .. p.trigger .. " " .. p.class .. ", soft window light",
      p.trigger .. " " .. p.class .. " walking through a market, full body",
      "photo of a " .. p.class .. " in a park, daylight", -- control: must not look like the subject
    },
  },
}
