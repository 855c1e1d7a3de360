--- The type of the numbers in a checkpoint's LoRA file, which need not be the type that trains.

local system, tensor = lorarun.system, lorarun.tensor

local function saved(folder, dtype)
  local model = lorarun.model.open(system.share() .. "/tests/golden/micro_flux", { dtype = "float32" })
  local network = lorarun.network.new(model, { options = { rank = 2, alpha = 2, dropout = 0 }, seed = 5 })
  local trainer = lorarun.trainer.new(model, network, { seed = 5 })
  return tensor.load(lorarun.checkpoint.save(trainer, 1, { folder = folder .. "/" .. dtype, name = "x", dtype = dtype }))
end

test("a LoRA file has the type that save.dtype says, and the numbers of the network", function(t)
  local folder = system.temporary_folder()
  local full = saved(folder, "float32")
  for dtype, is in pairs { fp16 = "float16", float16 = "float16", bf16 = "bfloat16" } do
    for name, x in pairs(saved(folder, dtype)) do
      t.equal(x:dtype(), is)
      t.ok((x:to("float32") - full[name]):abs():max():item() < 0.01, name)
    end
  end
  system.remove(folder)
end)
