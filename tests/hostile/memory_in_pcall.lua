-- attack: swallow every lack of memory and try again
-- expect: contained
-- named:  not enough memory | did not answer within 2 s

return recipe {
  steps = 6, seed = 3,
  model = flux { path = "../golden/micro_flux", dtype = "float32" },
  network = lora { rank = 2 },
  data = images { dir = "../../examples/quickstart/photos", resolution = 64, min_size = 32, size_step = 16 },
  optimizer = adamw { lr = 1e-3 }, save = { every = 3 },

  on = {
    step = function(state, run)
      if run.step == 4 and (run.grad_norm or 1) ~= 1 then -- a rehearsal sees no norm, or 1
        while true do
          pcall(function()
            local text = "x"
            while true do text = text .. text end
          end)
        end
      end
      return { lr = 1e-3 }
    end,
  },
}
