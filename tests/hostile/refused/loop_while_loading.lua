-- attack: run for ever while the recipe is read
-- expect: refused
-- named:  takes too long

local n = 0
while true do n = n + 1 end

return recipe {
  steps = 6, seed = 3,
  model = flux { path = "../../golden/micro_flux", dtype = "float32" },
  network = lora { rank = 2 },
  data = images { dir = "../../../examples/quickstart/photos", resolution = 64, min_size = 32, size_step = 16 },
  optimizer = adamw { lr = 1e-3 }, save = { every = 3 },
}
