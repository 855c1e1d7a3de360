--- Measures the latents of a trained VAE and writes shift and scale into its config.json, so that latents have
--- mean 0 and deviation 1, as the transformer wants them.
--
--   run      ./lorarun recipes/tiny_flux/scale.lua --trust --base FOLDER [--pictures 256] [--seed 7]
--
-- latents = (z - shift_factor) * scaling_factor, as in diffusers; both are numbers for all channels.

local system = lorarun.system
local part = dofile(system.share() .. "/examples/creatures/draw/init.lua")
local world = part "world"

local SIZE = 128

local function options(words)
  local given = { base = false, pictures = 256, seed = 7 }
  for i = 1, #words, 2 do
    local name = words[i]:match("^%-%-(%w+)$")
    if given[name] == nil then error("no option " .. words[i] .. "; options: --base --pictures --seed", 0) end
    local value = words[i + 1]
    if type(given[name]) == "number" then value = tonumber(value) end
    given[name] = value or error(words[i] .. " needs a value", 0)
  end
  if not given.base then error("--base FOLDER is needed: the folder whose VAE is measured", 0) end
  return given
end

-- Sum, sum of squares and count of the posterior's means before shift and scale.
local function measure(model, given)
  local sum, squares, count = 0, 0, 0
  for index = 0, given.pictures - 1 do
    lorarun.scope(function()
      local picture = world.draw(world.sample(given.seed, index), SIZE)
      local z = model:encode_image((picture * 2 - 1):unsqueeze(1))
      sum, squares, count = sum + z:sum():item(), squares + (z * z):sum():item(), count + z:numel()
    end)
  end
  return sum / count, math.sqrt(squares / count - (sum / count) ^ 2)
end

local given = options(arg)
local path = given.base .. "/vae/config.json"
local config = system.decode(system.read(path), path)
if config.scaling_factor ~= 1 or (config.shift_factor or 0) ~= 0 then
  error(path .. " has a scale already: set scaling_factor to 1 and shift_factor to 0 to measure anew", 0)
end
local mean, deviation = measure(lorarun.model.open(given.base, { dtype = "float32" }), given)
config.shift_factor, config.scaling_factor = mean, 1 / deviation
system.write(path, system.encode(config) .. "\n")
print(("latents of %d pictures: mean %.6g, deviation %.6g; written to %s"):format(given.pictures, mean, deviation, path))
