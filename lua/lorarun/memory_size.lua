--- Bytes of memory as people say them, in the units of nvidia-smi and free: 25553797120 -> "23.8 GiB".

local UNITS = { { 2 ^ 30, "%.1f GiB" }, { 2 ^ 20, "%.0f MiB" }, { 2 ^ 10, "%.0f KiB" } }

--- Gives "23.8 GiB", "340 MiB", "3 KiB".
---@param bytes number
---@return string
return function(bytes)
  for _, unit in ipairs(UNITS) do
    if bytes >= unit[1] then return unit[2]:format(bytes / unit[1]) end
  end
  return ("%d bytes"):format(bytes)
end
