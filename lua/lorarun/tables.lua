--- Plain tables: equal, copied, and their keys in order.

local tables = {}

--- Says whether two values are equal, tables by their contents.
function tables.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not tables.same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Gives a copy that shares no table with the value.
function tables.copy(value)
  if type(value) ~= "table" then return value end
  local copied = {}
  for key, item in pairs(value) do copied[key] = tables.copy(item) end
  return copied
end

--- Gives the keys of a table, all texts or all numbers, in their order.
function tables.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

return tables
