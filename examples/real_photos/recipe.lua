--- Real photographs through the whole pipeline, on the quickstart's small base, which knows drawings only.
--
--   needs     the photographs that scikit-image ships (they are not in this repository):
--                 python examples/real_photos/collect.py /tmp/photos
--   takes     a minute or two on two CPU cores
--   run       ./lorarun examples/real_photos/recipe.lua --set data.dir=/tmp/photos
--   shows     JPEG and PNG of any size and shape, gray and colour, go into buckets; nothing else:
--             the base knows nothing of the world

return recipe {
  name = "real_photos", seed = 42, steps = 60,
  model   = flux { path = "../quickstart/base", dtype = "float32" },
  network = lora { rank = 8, alpha = 8 },
  data = {
    images { dir = "photos", trigger = "zwx_", class = "photo", caption = "a {class}", resolution = { 128, 192 },
             size_step = 32, caption_dropout = 0.1 },
  },
  batch = 2, ema = 0.95,
  optimizer = adamw { lr = 1e-3 },
  save = { every = 30, keep = 2 },
}
