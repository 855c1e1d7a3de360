--- The value of KEY=VALUE on the command line, in the type that the setting has.
--
--   lists     attn,ff     512,768     ["one, with a comma", "another"]
--   prompts   the whole text is one prompt: a comma belongs to it; several are a list in brackets
--   sizes     512,768  or  512x768
--   tables    off, none, false or nothing behind the = switch pictures, evaluations and checkpoints off

local set_value = {}

local system = lorarun.system

local function plain(text)
  if text == "true" then return true end
  if text == "false" then return false end
  return tonumber(text) or text
end

local OFF = { [""] = true, none = true, off = true }

local function decoded(text, place)
  local good, list = pcall(system.decode, text, place)
  if good and type(list) == "table" then return list end
  lorarun.fail { what = text .. " is no list", where = place, fix = '["one", "another"], with quotes around the whole for the shell' }
end

--- A list as a recipe has it, { 512, 768 }, is read as [512, 768].
local function list_of(setting, text, place)
  if text:find("^%s*{.*}%s*$") then text = text:gsub("^%s*{", "["):gsub("}%s*$", "]") end
  if text:find("^%s*%[") then return decoded(text, place) end
  if setting.is_prose then return { text } end
  if setting.unit == "px" then text = text:gsub("^(%d+)x(%d+)$", "%1,%2") end
  local list = {}
  for part in text:gmatch("[^,]+") do list[#list + 1] = plain(part:match("^%s*(.-)%s*$")) end
  return list
end

--- Gives the value; without a setting what the text looks like.
---@param setting table?   of the schema
---@param text string
---@param place string     for error texts
function set_value.of(setting, text, place)
  if not setting then return plain(text) end
  if setting.type == "table" and OFF[text] then return false end
  if not setting.is_prose then text = text:gsub('^"(.*)"$', "%1") end
  if setting.type == "text" then return text end
  if setting.type == "path" then return system.exists(text) and system.absolute(text) or text end
  if setting.type == "kind" then return { kind = text } end
  if setting.type == "list" or setting.type == "sizes" then return list_of(setting, text, place) end
  return plain(text)
end

return set_value
