--- The size of a file in bytes, or nil when it cannot be opened.
---@param path string
---@return integer?
return function(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local size = file:seek("end")
  file:close()
  return size
end
