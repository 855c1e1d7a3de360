-- attack: copy long texts for ever while the recipe is read
-- expect: refused
-- named:  did not answer within 10 s

local text = ("x"):rep(1e6)
for _ = 1, 3 do text = text .. text end
local a, b = text .. "a", text .. "b"
while a < b do end

return recipe {
  steps = 6, seed = 3,
  model = flux { path = "../../golden/micro_flux", dtype = "float32" },
  network = lora { rank = 2 },
  data = images { dir = "../../../examples/quickstart/photos", resolution = 64, min_size = 32, size_step = 16 },
  optimizer = adamw { lr = 1e-3 }, save = { every = 3 },
}
