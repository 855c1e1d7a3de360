-- attack: a setting that is not a number
-- expect: refused
-- named:  not a finite number

return recipe {
  steps = 6, seed = 3,
  model = flux { path = "../../golden/micro_flux", dtype = "float32" },
  network = lora { rank = 2 },
  data = images { dir = "../../../examples/quickstart/photos", resolution = 64, min_size = 32, size_step = 16 },
  optimizer = adamw { lr = 1e-3 }, save = { every = 3 },
  clip = 0 / 0,
}
