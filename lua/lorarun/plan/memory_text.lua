--- The memory of a plan in words: a table of phases, and what would lower the peak.

local size = require "lorarun.memory_size"

local memory_text = {}

local OWNER_WORDS = { weights = "weights", text_encoders = "text encoders", vae = "VAE", adapters = "adapters",
  state = "state", activations = "activations" }
local OWNERS = { "weights", "text_encoders", "vae", "adapters", "state", "activations" }
local SMALL_PART = 0.002 -- of a phase: not worth a word

--- Gives "weights 22.2 GiB, activations 2.5 GiB" of a phase.
function memory_text.owners(phase)
  local parts = {}
  for _, owner in ipairs(OWNERS) do
    if phase[owner] > SMALL_PART * phase.total then parts[#parts + 1] = OWNER_WORDS[owner] .. " " .. size(phase[owner]) end
  end
  return table.concat(parts, ", ")
end

local HOST_PARTS = { { "program", "the program" }, { "pictures", "pictures on their way to the VAE" },
  { "checkpoint", "a checkpoint" }, { "device", "the device, which is the host," } }

local function host_parts(host)
  local parts = {}
  for _, part in ipairs(HOST_PARTS) do
    if host[part[1]] > 0 then parts[#parts + 1] = part[2] .. " " .. size(host[part[1]]) end
  end
  return table.concat(parts, ", ")
end

--- Gives the lines of a plan's memory.
---@param expected table   of plan/memory.lua
---@return string[]
function memory_text.lines(expected)
  local peak, host = expected.device, expected.host
  local lines = { ("memory on the device: %s at the peak, %s (tensors, counted from config.json; cuBLAS and cuDNN take more)")
    :format(size(peak.total), peak.name) }
  for _, phase in ipairs(expected.phases) do
    lines[#lines + 1] = ("  %s %-24s %8s   %s"):format(phase == peak and ">" or " ", phase.name, size(phase.total),
      memory_text.owners(phase))
  end
  for _, one in ipairs(expected.remedies) do
    lines[#lines + 1] = ("  %s would take %s"):format(one.text, size(one.total))
  end
  if expected.free then
    local left = expected.free - peak.total
    lines[#lines + 1] = left >= 0 and ("  it has %s free: fits"):format(size(expected.free))
      or ("  it has %s free: does not fit"):format(size(expected.free))
  end
  if expected.least then lines[#lines + 1] = ("  all of these would take %s"):format(size(expected.least)) end
  lines[#lines + 1] = ("memory on the host: %s: %s"):format(size(host.total), host_parts(host))
  return lines
end

return memory_text
