--- Values as people read them: sorted keys, three levels deep, fifty items, cycles marked.
--
--   { lr = 5e-05, steps = 600, transformer = { lr = 5e-05, train = true } }
--
-- What fits into a line stands in one; tensors say their shape and a few statistics.

local pretty = {}

local DEEPEST, MOST_ITEMS, LINE = 3, 50, 100

local LUA_WORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")
  :gmatch("%a+") do LUA_WORDS[word] = true end

--- A number in the fewest digits that people need: 17 where it is whole, 6 significant ones elsewhere.
local function number_text(value)
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  return ("%.6g"):format(value)
end

local function key_text(key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") and not LUA_WORDS[key] then return key end
  return "[" .. (type(key) == "string" and ("%q"):format(key) or tostring(key)) .. "]"
end

--- Numbers first, then texts, each in their order; others by their text.
local function is_before(a, b)
  if type(a) ~= type(b) then return type(a) == "number" or (type(b) ~= "number" and type(a) < type(b)) end
  if type(a) == "number" or type(a) == "string" then return a < b end
  return tostring(a) < tostring(b)
end

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, is_before)
  return keys
end

local function is_tensor(value)
  if type(value) ~= "userdata" then return false end
  local known, numel = pcall(function() return value.numel end)
  return known and type(numel) == "function"
end

--- "Tensor[4, 320] float32 cpu  mean 0.01  std 1  max |x| 3.2"; the statistics only where there are numbers.
function pretty.tensor(tensor)
  local shape = {}
  for i = 1, tensor:dim() do shape[i] = tensor:size(i) end
  local head = ("Tensor[%s] %s %s"):format(table.concat(shape, ", "), tensor:dtype(), tensor:device())
  if tensor:numel() == 0 then return head end
  local x = tensor:detach():to("float32")
  return ("%s  mean %.4g  std %.4g  max |x| %.4g"):format(head, x:mean():item(),
    tensor:numel() > 1 and x:std():item() or 0, x:abs():max():item())
end

local text_of

--- The items of a table as texts, "key = value" or "value".
local function items_of(value, depth, seen)
  local items, count = {}, 0
  for _, key in ipairs(sorted_keys(value)) do
    count = count + 1
    if count <= MOST_ITEMS then
      local item = text_of(value[key], depth + 1, seen)
      items[count] = key == count and item or key_text(key) .. " = " .. item
    end
  end
  if count > MOST_ITEMS then items[MOST_ITEMS + 1] = ("… %d more"):format(count - MOST_ITEMS) end
  return items
end

local function is_short(items)
  local length = 0
  for _, item in ipairs(items) do
    length = length + #item + 2
    if length > LINE or item:find("\n", 1, true) then return false end
  end
  return true
end

local function table_text(value, depth, seen)
  if seen[value] then return "{ … itself }" end
  if next(value) == nil then return "{}" end
  if depth >= DEEPEST then return "{ … }" end
  seen[value] = true
  local items = items_of(value, depth, seen)
  seen[value] = nil
  if is_short(items) then return "{ " .. table.concat(items, ", ") .. " }" end
  local indent = ("  "):rep(depth + 1)
  return "{\n" .. indent .. table.concat(items, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
end

function text_of(value, depth, seen)
  if type(value) == "number" then return number_text(value) end
  if type(value) == "string" then return depth == 0 and value or (("%q"):format(value):gsub("\\\n", "\\n")) end
  if is_tensor(value) then return pretty.tensor(value) end
  if type(value) == "table" and not (debug.getmetatable(value) or {}).__tostring then return table_text(value, depth, seen) end
  return tostring(value)
end

--- Gives a value as text; texts stand as they are, without quotes.
---@param value any
---@return string
function pretty.show(value) return text_of(value, 0, {}) end

return pretty
