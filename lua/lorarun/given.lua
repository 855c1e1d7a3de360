--- What the command line gave beside the recipe, in a form that holds in any folder and at any time.
--
-- It stands in the journal's start, resume and fork lines: a run is made again from recipe text + given + journal.

local schema = require "lorarun.schema"

local given = {}

local function is_path(key)
  local s = schema.find(key) or schema.find((key:gsub("^data%.[%d.]*", "data[].")))
  return s ~= nil and s.type == "path"
end

local function absolute(key, text)
  local system = lorarun.system
  return is_path(key) and system.exists(text) and system.absolute(text) or text
end

--- Gives { set, steps, seed, name }, whatever of it is there; nothing when the recipe stands alone.
---@param options table   of the command line, as recipe.open takes them
---@return table?
function given.of(options)
  local found = { steps = options.steps, seed = options.seed, name = options.name }
  for _, pair in ipairs(options.set or {}) do
    found.set = found.set or {}
    table.insert(found.set, { pair[1], absolute(pair[1], tostring(pair[2])) })
  end
  return next(found) and found or nil
end

--- Gives options of recipe.open: what was given, with `more` over it; `more.set` comes after.
function given.options(found, more)
  local options = {}
  for key, value in pairs(found or {}) do options[key] = value end
  for key, value in pairs(more or {}) do
    if key ~= "set" then options[key] = value end
  end
  options.set = {}
  for _, list in ipairs { found and found.set or {}, more and more.set or {} } do
    for _, pair in ipairs(list) do table.insert(options.set, pair) end
  end
  return options
end

--- The settings that may leave this machine inside a file: no paths.
function given.without_paths(found)
  local kept = {}
  for _, pair in ipairs(found and found.set or {}) do
    local is_absolute = tostring(pair[2]):sub(1, 1) == "/" -- a param may be a path too
    if not is_path(pair[1]) and not is_absolute then table.insert(kept, pair) end
  end
  return #kept > 0 and kept or nil
end

return given
