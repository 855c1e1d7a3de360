--- A recipe of several files: recipe.lua and the parts that it requires.
--
--   require "parts.curves"    is parts/curves.lua beside the recipe, and nothing outside of its folder
--
-- Recipe and parts are one unit: one text with all of them (a bundle), one hash.  A run folder, a fork and a LoRA
-- file keep the bundle, so they hold all that decides:
--
--   <the recipe's own text>
--   --[part parts.curves]
--   <its text>

local recipe_parts = {}

local system = lorarun.system

local MOST_PARTS = 64
local MARK = "\n%-%-%[part ([%w_.]+)%]\n"

local function required(text)
  local names = {}
  for name in text:gmatch("require%s*%(?%s*[\"']([%w_.]+)[\"']") do names[#names + 1] = name end
  return names
end

local function path_of(folder, name)
  if name:match("^%.") or name:match("%.$") or name:find("..", 1, true) then return nil end
  return folder .. "/" .. name:gsub("%.", "/") .. ".lua"
end

local function collect(text, folder, parts, files, missing)
  for _, name in ipairs(required(text)) do
    local path = not parts[name] and path_of(folder, name)
    if path and not system.exists(path) then
      missing[#missing + 1] = path
    elseif path then
      if #files >= MOST_PARTS then
        lorarun.fail { what = "a recipe of more than " .. MOST_PARTS .. " parts", where = folder, fix = "put parts together" }
      end
      parts[name] = system.read(path)
      files[#files + 1] = path
      collect(parts[name], folder, parts, files, missing)
    end
  end
end

--- Reads the parts that a text requires from a folder.
---@return table<string, string> parts   texts by name
---@return string[]? files                their paths; nothing without parts
---@return string[] missing               paths of those that are required and not there
function recipe_parts.read(text, folder)
  local parts, files, missing = {}, {}, {}
  collect(text, folder, parts, files, missing)
  return parts, #files > 0 and files or nil, missing
end

--- Makes one text of a recipe and its parts.
function recipe_parts.bundle(text, parts)
  local names, out = {}, { text }
  for name in pairs(parts) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do out[#out + 1] = ("\n--[part %s]\n%s"):format(name, parts[name]) end
  return table.concat(out)
end

--- Takes a bundle apart; a text without parts is itself.
---@return string text
---@return table<string, string>? parts
function recipe_parts.split(bundle)
  local start, stop, name = bundle:find(MARK)
  if not start then return bundle, nil end
  local text, parts = bundle:sub(1, start - 1), {}
  while start do
    local next_start, next_stop, next_name = bundle:find(MARK, stop)
    parts[name] = bundle:sub(stop + 1, next_start and next_start - 1 or -1)
    start, stop, name = next_start, next_stop, next_name
  end
  return text, parts
end

return recipe_parts
