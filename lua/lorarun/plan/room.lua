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
local NOTHING_HELPS = "a card with more memory: no setting takes less"
local NOTHING_FITS = "a card with more memory"

--- Single settings that make it fit; else all that lower it, together.
local function help_of(remedies, least, free)
  local fitting, all = {}, {}
  for i, one in ipairs(remedies) do
    all[i] = one.text
    if one.total <= free then fitting[#fitting + 1] = ("%s (%s)"):format(one.text, size(one.total)) end
  end
  if #fitting > 0 then return table.concat(fitting, ", or ") end
  if least and least <= free then return ("all of these together (%s): %s"):format(size(least), table.concat(all, ", ")) end
  local lowest = least or (remedies[1] and remedies[1].total)
  return NOTHING_FITS .. (lowest and (": the least that settings make of it is %s"):format(size(lowest)) or "")
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
---@param buckets table?  of the data set: { ["512x768"] = pictures }
function room.check(settings, device, where, buckets)
  local has = lorarun.device_memory.of(device)
  if not has then return end
  local done, expected = pcall(memory.of, settings, { free = has.free, buckets = buckets })
  if not done then return lorarun.system.log("memory was not counted: " .. tostring(expected), "warn") end
  local peak = expected.device
  prepare_error(memory.knobs(settings, expected))
  local text = taken_text(device, has, peak)
  if peak.total > has.free then
    local remedies, least = memory.remedies(settings, expected)
    lorarun.fail { what = text, where = where, fix = help_of(remedies, least, has.free) }
  end
  if peak.total > TIGHT * has.free then
    lorarun.system.log(text .. "; what a card needs beside tensors may not fit: `lorarun plan` says what would take less", "warn")
  end
end

return room
