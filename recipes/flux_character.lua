--- FLUX.1 character LoRA from 15 to 40 portraits.
--
--   needs     FLUX.1-dev as a diffusers folder in recipes/models/FLUX.1-dev, pictures in recipes/photos
--             (or --set model.path=… --set data.dir=…), each with a .txt caption or none
--   run       lorarun recipes/flux_character.lua --name my_character
--   look at   runs/my_character/samples: the sheets of every 250 steps, same prompts, same noise
--
-- Identity lives in attention as well as in the feed-forward layers, so both train.
-- The rate falls at the end: the last fifth settles details instead of moving them.

local TRIGGER = "kvthvmi_"

return recipe {
  seed = 42, steps = 2000,

  model   = flux { path = "models/FLUX.1-dev", dtype = "bf16", recompute = true },
  network = lora { rank = 32, alpha = 32, targets = { "attn", "ff" } },

  data = {
    images {
      dir = "photos", trigger = TRIGGER, class = "person", caption = "photo of {trigger} {class}",
      caption_dropout = 0.05, resolution = { 512, 768, 1024 },
    },
  },

  batch = 1, accumulate = 2, clip = 1.0, ema = 0.99,
  optimizer = adamw { lr = 1e-4, weight_decay = 0.01 },
  timesteps = sigmoid {}, loss = mse {}, guidance = 1.0,

  save   = { every = 250, keep = 8, format = "peft", dtype = "bfloat16" },
  render = {
    every = 250, steps = 28, guidance = 3.5, size = { 1024, 1024 },
    prompts = {
      "photo of " .. TRIGGER .. " person in a park, daylight",
      "close-up portrait of " .. TRIGGER .. " person, soft window light",
      TRIGGER .. " person walking through a market, full body",
      "photo of a person in a park, daylight", -- control: must not look like the subject
    },
  },

  on = {
    step = function(state, run)
      local warm = math.min(1, run.step / 50)
      if run.progress < 0.8 then return { lr = 1e-4 * warm } end
      return { lr = 3e-5 }
    end,
  },
}
