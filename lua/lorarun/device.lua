--- The device of a run: chosen by the recipe's word, and told to people.
--
--   device.choose(run)   before anything is loaded: run.device, run.card and run.device_facts
--   device.label(…)     "cuda:1 (NVIDIA H100 80GB HBM3)", "cpu"
--
-- "auto" takes a card where one works. Where it falls back to the CPU beside a card or a driver, the reason is said; and a
-- model that would keep a processor busy for weeks is refused there unless the recipe itself says device = "cpu".

local device = {}

local MOST_PARAMETERS = 2e9 -- of a denoiser that "auto" puts on the CPU; a step of it takes minutes there

local function where(run) return run.recipe.path .. ", device" end

--- Numbers in the denoiser, from its config alone: on the device "meta" nothing is read and nothing is held.
local function parameters_of(model)
  return lorarun.model.open(model.path, { family = model.kind, dtype = model.dtype, device = "meta" }):parameters("transformer")
end

--- Refuses to put a large model on the CPU when nobody asked for it.
local function check_size(run, facts)
  local parameters = parameters_of(run.settings.model)
  if parameters <= MOST_PARAMETERS then return end
  local why = facts.why_cpu ~= "" and facts.why_cpu or "no card was found"
  local remedy = facts.remedy ~= "" and facts.remedy or "train where an NVIDIA card is"
  lorarun.fail {
    what = ("the denoiser has %.1f billion parameters, and device = \"auto\" finds only the CPU: %s"):format(parameters / 1e9, why),
    where = where(run), fix = remedy .. '; or write device = "cpu", and expect minutes a step',
  }
end

--- Opens the device that the settings ask for; raises an error where it cannot be used.
function device.choose(run)
  local asked = run.settings.device
  local facts = lorarun.device.open(asked, where(run))
  if asked == "auto" and facts.kind == "cpu" then check_size(run, facts) end
  run.device, run.device_facts = facts.name, facts
  run.card = facts.card ~= "" and facts.card or nil
end

--- Gives a device as people read it.
---@param name string?   of the device: the recipe's word
---@param card string?   its card, where it has one
function device.label(name, card)
  if not card or card == "" or card == name then return name end
  return ("%s (%s)"):format(name, card)
end

return device
