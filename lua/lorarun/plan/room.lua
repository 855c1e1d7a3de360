--- Is there room? What a run will hold against what the device has free, before anything is loaded.
--
--   does not fit   refused, with the numbers by owner and what would help, the gentlest first
--   close          a warning
--   fits           nothing
--
-- The same remedies are what an error says when memory runs out all the same.

local memory = require "lorarun.plan.memory"
local memory_text = require "lorarun.plan.memory_text"
local size = require "lorarun.memory_size"

local room = {}

local TIGHT = 0.9   -- of what is free: fragments and work space come on top of tensors
local IN_DOUBT = 0.75 -- from here on it is worth a few seconds to try what would help
local NOTHING_HELPS = "a card with more memory: no setting takes less"


local function help_of(remedies, least)
  local parts = {}
  for i, one in ipairs(remedies) do parts[i] = ("%s (%s)"):format(one.text, size(one.total)) end
  if #parts == 0 then return NOTHING_HELPS end
  return table.concat(parts, ", or ") .. (least and ("; all of them together (%s)"):format(size(least)) or "")
end

--- What an error will say when memory runs out all the same.
local function prepare_error(texts) lorarun.device_memory.remedies(#texts > 0 and texts or { NOTHING_HELPS }) end

local function taken_text(device, has, peak)
  return ("%s has %s free of %s, and %s takes %s: %s"):format(device, size(has.free), size(has.total), peak.name,
    size(peak.total), memory_text.owners(peak))
end

--- Refuses a run that the device cannot hold. Says nothing for a device that does not tell its size. A rehearsal that
--- fails stops no run: what is wrong with the settings is found when they are opened.
---@param settings table
---@param device string
---@param where string   of the recipe
function room.check(settings, device, where)
  local has = lorarun.device_memory.of(device)
  if not has then return end
  local done, expected = pcall(memory.of, settings, { free = has.free })
  if not done then return lorarun.system.log("memory was not counted: " .. tostring(expected), "warn") end
  local peak, texts = expected.device, {}
  if peak.total < IN_DOUBT * has.free then return prepare_error(memory.knobs(settings, expected)) end
  local remedies, least = memory.remedies(settings, expected)
  for i, one in ipairs(remedies) do texts[i] = one.text end
  prepare_error(texts)
  local text = taken_text(device, has, peak)
  if peak.total > has.free then lorarun.fail { what = text, where = where, fix = help_of(remedies, least) } end
  if peak.total > TIGHT * has.free then lorarun.system.log(text, "warn") end
end

return room
