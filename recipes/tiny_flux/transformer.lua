--- The third stage of the small FLUX: transformer and text encoders learn to draw what a caption says.
--
--   needs     a base whose VAE is trained; it draws its own 15,000 pictures, about seven minutes, once
--   takes     three and a half hours on two cores without a GPU (AMD EPYC, AVX2); not timed on a GPU
--   run       ./lorarun recipes/tiny_flux/transformer.lua
--   look at   runs/tiny_flux/samples/: colour, place and side follow the caption first, faces next, raised arms and hats last
--   then      ./lorarun export BASE OUT --weights runs/tiny_flux/checkpoints/tiny_flux-023000.safetensors
--             and guidance.lua, which teaches it what guidance is
--   stop it   whenever you like: the same command goes on, to the bit
--
-- Everything begins from keyed random numbers.  The modulations and the last layer begin at zero, so every block
-- is the identity and the first prediction is none (Peebles and Xie 2023, adaLN-Zero); T5's queries begin small,
-- because T5 does not divide its scores by the root of the width.

local p = params {
  base     = { type = "path", default = "../../examples/quickstart/base", doc = "folder in diffusers layout; only its VAE is used" },
  pictures = { type = "integer", default = 15000, min = 64, doc = "pictures that are drawn" },
}

local STEPS = 23000
local FORMS_FROM = 6000 -- from here more noise: what is left to learn then, forms and faces, is decided above sigma 0.6

-- The rate rises and falls twice: a warm restart, as in Loshchilov and Hutter 2017.
local FALLS = {
  { from = 0, falls_from = 8000, to = 14000, top = 1e-3 },
  { from = 14000, falls_from = 14240, to = STEPS + 1, top = 7e-4 }, -- at a rate of nothing the encoders would rest
}
local RISES = 240

local function rate_at(step)
  local fall = step <= FALLS[1].to and FALLS[1] or FALLS[2]
  local up = math.min(1, (step - fall.from) / RISES)
  local down = math.max(0, math.min(1, (fall.to - step) / (fall.to - fall.falls_from)))
  return fall.top * math.min(up, down)
end

return recipe {
  name = "tiny_flux", seed = 7, steps = STEPS,

  model   = flux { path = p.base, dtype = "float32" },
  network = full {
    text_encoders = { "clip_l", "t5" }, start = "random",
    init = { ["*norm*.linear.*"] = 0, ["proj_out.*"] = 0, ["*SelfAttention.q.weight"] = 0.18 },
  },

  data = {
    drawn {
      script = "../../examples/creatures/draw.lua", count = p.pictures, seed = 7, size = 128,
      resolution = 128, min_size = 128, size_step = 16, caption_dropout = 0.1,
    },
  },

  batch = 16, clip = 1.0, ema = 0.999, guidance = 1.0,
  optimizer = adamw { lr = 1e-3, weight_decay = 0.01, betas = { 0.9, 0.99 } },
  timesteps = logit_normal {}, loss = mse {},

  save   = { every = 500, keep = 2 },
  render = {
    every = 1000, steps = 20, guidance = 1.0, true_cfg = 3.0, size = { 128, 128 }, seed = 1,
    prompts = {
      "a green round creature with two horns, sitting on grass at night",
      "a red tall creature with pointy ears, standing in the snow",
      "a blue fluffy creature waving on a beach at sunset",
      "a yellow square creature with a top hat, jumping in a room",
      "a white wide creature sleeping in a forest",
      "a purple pear-shaped creature with antennae and a red scarf, on a street in the rain",
    },
  },

  -- In steps and not in parts of the run, so that --steps 20 makes the first twenty of the whole.
  on = {
    step = function(state, run)
      return { lr = rate_at(run.step), timesteps = logit_normal { mean = run.step < FORMS_FROM and 0 or 1 } }
    end,
  },
}
