--- How well held-out pictures come back from the VAE: peak signal-to-noise ratio in dB, mean over the pictures.
--
--   pixels --VAE--> latent (the posterior's mean) --VAE--> pixels    PSNR = 10 log10(1 / mean square error), pixels in [0, 1]
--
-- It tells of the VAE alone: where the VAE does not train, it is the same number at every step.

local psnr = { better = "higher", unit = "dB", needs = "held-out pictures" }

local function decibel(original, rebuilt)
  local difference = (rebuilt:clamp(-1, 1) - original) * 0.5
  return -10 * math.log10(math.max(1e-12, (difference * difference):mean():item()))
end

--- Measures the run as it stands.
---@param run table
---@return number value   dB
---@return table details  { lowest = dB of the picture that comes back worst }
function psnr.measure(run)
  local sum, lowest, count = 0, math.huge, run.heldout.dataset:size()
  lorarun.scope(function()
    for i = 1, count do
      local pixels = run.heldout.dataset:pixels(i):to { device = run.device }
      local value = decibel(pixels, run.model:decode_image(run.model:encode_image(pixels)))
      sum, lowest = sum + value, math.min(lowest, value)
    end
  end)
  return sum / count, { lowest = lowest }
end

return psnr
