--- What a recipe lets others set: `params { rank = { type = "integer", default = 16 } }`.
--
--   --set rank=32   or   --rank 32
--
-- A name that the recipe declares goes to its params; every other name is a setting, in full or as people write it
-- (spellings.lua).

local spellings = require "lorarun.spellings"

local params = {}

--- Gives the values by name, out of the command line: all names, because only the recipe knows which it declares.
---@param options table   set, flags: lists of { name, value }
---@return table<string, string>
function params.given(options)
  local values = {}
  for _, list in ipairs { options.set or {}, options.flags or {} } do
    for _, pair in ipairs(list) do values[pair[1]] = pair[2] end
  end
  return values
end

local function with_path(pair, declared)
  local p = declared[pair[1]]
  if not p or p.type ~= "path" or pair[2]:sub(1, 1) == "/" or not lorarun.system.exists(pair[2]) then return pair end
  return { pair[1], lorarun.system.absolute(pair[2]) }
end

--- Gives the options with the paths of path params made absolute, because they are meant from the current folder;
--- and whether there were any.
function params.with_paths(options, declared)
  local changed, found = setmetatable({}, { __index = options }), false
  for _, list in ipairs { "set", "flags" } do
    local pairs_of_list = {}
    for i, pair in ipairs(options[list] or {}) do
      pairs_of_list[i] = with_path(pair, declared or {})
      found = found or pairs_of_list[i] ~= pair
    end
    changed[list] = pairs_of_list
  end
  return changed, found
end

local FLAGS = { "--set", "--steps", "--name", "--seed", "--runs", "--fresh", "--data", "--json", "--help", "--explain" }

local function fail_flag(name, declared, flags)
  local known = { unpack(flags or FLAGS) }
  for param in pairs(declared) do known[#known + 1] = "--" .. param end
  table.sort(known)
  local near, hint = lorarun.system.nearest, spellings.hint(name)
  local close = near("--" .. name, known) or near(name, spellings.names())
  lorarun.fail { what = "unknown flag '--" .. name .. "'", where = "the command line",
    fix = hint or (close and "did you mean '" .. close .. "'?  " or "") .. "flags: " .. table.concat(known, ", ")
      .. "; every setting too: --set KEY=VALUE" }
end

local function setting_of(pair)
  local name, several = spellings.setting(pair[1])
  if several then
    lorarun.fail { what = ("'%s' is the name of more than one setting"):format(pair[1]), where = "the command line",
      fix = "one of: " .. table.concat(several, ", ") }
  end
  return { name or pair[1], pair[2] }
end

--- Divides what the command line gave into the rest, which are settings by their full names, and checks the flags.
---@param declared table?   the recipe's params
---@return table[] settings   pairs that change settings
---@return table[] all        pairs of both, for the journal
function params.divide(options, declared)
  local settings, all = {}, {}
  local function take(pair)
    local is_param = declared and declared[pair[1]]
    all[#all + 1] = is_param and pair or setting_of(pair)
    if not is_param then settings[#settings + 1] = all[#all] end
  end
  for _, pair in ipairs(options.set or {}) do take(pair) end
  for _, pair in ipairs(options.flags or {}) do
    local is_known = declared and declared[pair[1]] or spellings.schema_name(pair[1])
    if not is_known then fail_flag(pair[1], declared or {}, options.known_flags) end
    take(pair)
  end
  return settings, all
end

local function default_text(p)
  if p.default == nil then return p.required and "required" or "" end
  return type(p.default) == "table" and table.concat(p.default, ",") or tostring(p.default)
end

local function range_text(p)
  if p.values then return " (" .. table.concat(p.values, ", ") .. ")" end
  if p.min and p.max then return (" (%g to %g)"):format(p.min, p.max) end
  return p.min and (" (at least %g)"):format(p.min) or p.max and (" (at most %g)"):format(p.max) or ""
end

--- Gives the lines of --help, in the order of the names.
---@return string[]
function params.lines(declared)
  local names, lines = {}, {}
  for name in pairs(declared or {}) do names[#names + 1] = name end
  table.sort(names)
  if #names > 0 then lines[1] = ("%-24s %-8s %-12s %s"):format("param", "type", "default", "meaning") end
  for _, name in ipairs(names) do
    local p = declared[name]
    lines[#lines + 1] = ("%-24s %-8s %-12s %s%s%s"):format("--" .. name, p.type, default_text(p), p.doc or "",
      p.unit and (" [" .. p.unit .. "]") or "", range_text(p))
  end
  return lines
end

return params
