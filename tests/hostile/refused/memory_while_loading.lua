-- attack: fill the memory while the recipe is read
-- expect: refused
-- named:  not enough memory

local list = {}
for i = 1, 1e9 do list[i] = { i } end

return recipe {
  steps = 6, seed = 3,
  model = flux { path = "../../golden/micro_flux", dtype = "float32" },
  network = lora { rank = 2 },
  data = images { dir = "../../../examples/quickstart/photos", resolution = 64, min_size = 32, size_step = 16 },
  optimizer = adamw { lr = 1e-3 }, save = { every = 3 },
}
