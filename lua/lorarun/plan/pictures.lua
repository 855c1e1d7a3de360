--- How many pictures a folder holds, by the endings of its files; none is opened.

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

return pictures
