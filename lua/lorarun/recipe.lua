--- A recipe's text -> checked settings.
--
--   text --policy--> declaration --command line--> --check against schema--> settings
--
-- Settings hold every default, absolute paths, and nothing that the schema does
-- not know.  Errors name the recipe and the key.

local check = require "lorarun.check"
local given = require "lorarun.given"
local inert = require "lorarun.inert"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"

local recipe = {}

local system = lorarun.system

local function folder_of(path) return path:match("^(.*)/[^/]*$") or "." end

local function stem_of(path)
  local stem = path:match("([^/]+)%.lua$") or path
  if stem == "recipe" then stem = system.absolute(path):match("([^/]+)/[^/]+$") or stem end
  return stem
end

--- Opens the text as a policy: sandboxed, asked by name.
function recipe.policy(text, place)
  return lorarun.policy.open(text, place, { constructors = schema.constructors(), schedules = schedule.texts() })
end

local function plain_value(text)
  if text == "true" then return true end
  if text == "false" then return false end
  return tonumber(text) or text
end

--- The value of KEY=VALUE in the type that the setting has.
local function typed_value(setting, text)
  if not setting then return plain_value(text) end
  if setting.type == "text" then return text end
  if setting.type == "path" then
    return system.exists(text) and system.absolute(text) or text
  end
  if setting.type == "kind" then return { kind = text } end
  if setting.type == "list" or setting.type == "sizes" then
    local list = {}
    for part in text:gmatch("[^,]+") do list[#list + 1] = plain_value(part) end
    return list
  end
  return plain_value(text)
end

local function set_in(target, keys, value)
  for i = 1, #keys - 1 do
    if type(target[keys[i]]) ~= "table" then target[keys[i]] = {} end
    target = target[keys[i]]
  end
  target[keys[#keys]] = value
end

local function split(key)
  local keys = {}
  for part in key:gmatch("[^.]+") do keys[#keys + 1] = part end
  return keys
end

--- The data sets that data.KEY or data.N.KEY means.
local function data_targets(declared, keys, key)
  local sets = type(declared.data) == "table" and (declared.data.kind and { declared.data } or declared.data) or {}
  local number = tonumber(keys[2])
  if not number then return sets, 2 end
  if not sets[number] then
    lorarun.fail { what = "--set " .. key .. ": the recipe has " .. #sets .. " data sets", where = "the command line" }
  end
  return { sets[number] }, 3
end

local function apply_set(declared, key, text)
  local keys = split(key)
  if keys[1] ~= "data" or #keys < 2 then
    return set_in(declared, keys, typed_value(schema.find(key), text))
  end
  local sets, first = data_targets(declared, keys, key)
  local rest = { unpack(keys, first) }
  local value = typed_value(schema.find("data[]." .. table.concat(rest, ".")), text)
  for _, set in ipairs(sets) do set_in(set, rest, value) end
end

local function apply_command_line(declared, options)
  for _, pair in ipairs(options.set or {}) do apply_set(declared, pair[1], pair[2]) end
  for _, key in ipairs { "name", "seed" } do
    if options[key] ~= nil then declared[key] = options[key] end
  end
  if options.steps then declared.steps, declared.epochs = options.steps, nil end
end

local function make_absolute(settings, folder)
  local function absolute(path)
    if path:sub(1, 1) == "/" then return path end
    return system.absolute(folder .. "/" .. path)
  end
  settings.model.path = absolute(settings.model.path)
  for _, set in ipairs(settings.data) do set.dir = absolute(set.dir) end
end

local function check_together(settings, place)
  if not settings.steps and not settings.epochs then
    lorarun.fail { what = "the recipe says neither steps nor epochs", where = place, fix = "add steps = 1000" }
  end
  if not settings.name:match("^[%w][%w_.%-]*$") then
    lorarun.fail { what = "the name '" .. settings.name .. "' cannot be a folder", where = place .. ", name",
      fix = "use letters, digits, _ . and -" }
  end
end

---@class lorarun.Recipe
---@field settings table     checked, with defaults and absolute paths
---@field policy table       the sandboxed text: decides per step
---@field text string
---@field hash string        SHA-256 of the text
---@field path string
---@field base string        path of the model as the recipe gives it
---@field declared table      as the recipe and the command line give it, unchecked
---@field warnings table[]    settings that do nothing: { key, why, fix }
---@field given table?       what the command line gave beside it (given.lua)

--- Opens, changes and checks a recipe.
---@param options table   recipe, set, name, seed, steps of the command line; text instead of the file's
---@return lorarun.Recipe
function recipe.open(options)
  local path = options.recipe
  local text = options.text or system.read(path)
  local policy = recipe.policy(text, path)
  local declared = policy:declaration()
  declared.kind = nil
  apply_command_line(declared, options)
  declared.name = declared.name or stem_of(path)
  local warnings = inert.take(declared)
  local settings = check.settings(declared, path)
  settings.network.alpha = settings.network.alpha or settings.network.rank
  check_together(settings, path)
  local base = settings.model.path
  make_absolute(settings, folder_of(path))
  for _, one in ipairs(inert.of(declared, settings)) do warnings[#warnings + 1] = one end
  return { settings = settings, policy = policy, text = text, hash = system.sha256(text), path = path, base = base,
    given = given.of(options), declared = declared, warnings = warnings }
end

return recipe
