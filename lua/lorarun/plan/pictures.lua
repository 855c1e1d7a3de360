--- How many pictures folders and data sets hold, by the endings of files; none is opened.

local pictures = {}

local ENDINGS = { png = true, jpg = true, jpeg = true, webp = true, bmp = true }

--- Counts the pictures of a folder; 0 for one that is not there.
function pictures.count(folder)
  local count = 0
  for _, name in ipairs(lorarun.system.is_folder(folder) and lorarun.system.list(folder) or {}) do
    local ending = name:match("%.(%w+)$")
    if ending and ENDINGS[ending:lower()] then count = count + 1 end
  end
  return count
end

--- Counts the pictures of an epoch, as near as the folders say: buckets may round it up. Nothing where a folder is not
--- there.
---@return integer?
function pictures.of_epoch(settings)
  local count = 0
  for _, set in ipairs(settings.data) do
    if set.dir and not lorarun.system.is_folder(set.dir) then return nil end
    count = count + (set.count or pictures.count(set.dir)) * set.repeats * #set.resolution * (set.flip and 2 or 1)
  end
  return count
end

return pictures
