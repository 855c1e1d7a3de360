--- Is there room? What a run will hold against what the device has free, before anything is loaded.
--
--   does not fit   refused, with the numbers by owner and what would help, the gentlest first
--   close          a warning
--   fits           nothing
--
-- The same remedies are what an error says when memory runs out all the same.

local memory = require "lorarun.plan.memory"
local memory_text = require "lorarun.plan.memory_text"

local room = {}

local TIGHT = 0.9 -- of what is free: fragments and work space come on top of tensors
local size = memory_text.size

local function texts_of(remedies)
  local texts = {}
  for i, one in ipairs(remedies) do texts[i] = one.text end
  return texts
end

local function help_of(remedies)
  local parts = {}
  for i, one in ipairs(remedies) do parts[i] = ("%s (%s)"):format(one.text, size(one.total)) end
  return #parts > 0 and table.concat(parts, ", or ") or "a card with more memory: no setting takes less"
end

local function refuse(expected, device, has, where)
  local peak = expected.device
  lorarun.fail { where = where, fix = help_of(expected.remedies),
    what = ("%s has %s free of %s, and %s takes %s: %s"):format(device, size(has.free), size(has.total), peak.name,
      size(peak.total), memory_text.owners(peak)) }
end

--- Refuses a run that the device cannot hold.  Says nothing for a device that does not tell its size.
---@param settings table
---@param device string
---@param where string   of the recipe
function room.check(settings, device, where)
  local has = lorarun.device_memory.of(device)
  if not has then return end
  local expected = memory.of(settings, { free = has.free })
  local texts = texts_of(expected.remedies)
  lorarun.device_memory.remedies(#texts > 0 and texts or { "a card with more memory: no setting takes less" })
  if expected.device.total > has.free then return refuse(expected, device, has, where) end
  if expected.device.total > TIGHT * has.free then
    lorarun.system.log(("%s has %s free, and %s takes %s of it"):format(device, size(has.free), expected.device.name,
      size(expected.device.total)), "warn")
  end
end

return room
