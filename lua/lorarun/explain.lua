--- `lorarun RECIPE --explain`: every setting in force, its value, where it comes from, its unit, and whether it can
--- change while the run goes.
--
--   from    command line   --set, --steps, --data, …
--           params.NAME    a param of the recipe, which --set NAME=… changes
--           recipe:LINE    the recipe's own text; the line when the key stands on one line only
--           default        the schema's
--   live    on.step, a phase, a tweak or a reload may change it
--           reload         another text may, while the run goes
--           restart        the next start of the run may
--           never          it takes a new run: --json says why

local inert = require "lorarun.inert"
local params = require "lorarun.params"
local recipe = require "lorarun.recipe"
local schema = require "lorarun.schema"
local spellings = require "lorarun.spellings"

local explain = {}

local function value_text(value)
  if type(value) == "string" then return value == "" and '""' or value end
  if type(value) ~= "table" then return tostring(value) end
  if next(value) == nil then return "{}" end
  if value.kind == "hook" then return "a function" end
  return lorarun.system.encode(value)
end

local function numbered_lines(text)
  local lines = {}
  for line in (text:match("^(.-)\n%-%-%[part ") or text .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = (line:gsub("%-%-.*$", ""))
  end
  return lines
end

--- The line where `key =` stands inside of recipe { … }, when there is only one such line.
local function line_of(text, key)
  local found, is_inside = nil, false
  for number, line in ipairs(numbered_lines(text)) do
    is_inside = is_inside or line:match("%f[%w_]return%s+recipe%f[^%w_]") ~= nil
    if is_inside and line:match("%f[%w_]" .. key .. "%s*=[^=]") then
      if found then return nil end
      found = number
    end
  end
  return found
end

--- The param that a line gives to a key: rank = p.rank, after local p = params { … }.
local function param_of(text, number, key)
  local variable = text:match("local%s+([%w_]+)%s*=%s*params%f[^%w_]")
  local line = numbered_lines(text)[number]
  return variable and line:match("%f[%w_]" .. key .. "%s*=%s*" .. variable .. "%.([%w_]+)")
end

local function is_set(context, name)
  local bare, options = name:gsub("%[%d*%]", ""), context.options
  for _, pair in ipairs(context.set or {}) do
    if pair[1] == name or pair[1]:gsub("^data%.%d+%.", "data.") == bare then return true end
  end
  return options[name] ~= nil and (name == "steps" or name == "seed" or name == "name")
end

local function declared_value(declared, keys)
  local value = declared
  for _, key in ipairs(keys) do
    if type(value) ~= "table" then return nil end
    value = value[key]
  end
  return value
end

local function source_of(context, name, keys)
  if is_set(context, name) then return "command line" end
  if declared_value(context.declared, keys) == nil then return "default" end
  local key = keys[#keys]
  local line = type(key) == "string" and line_of(context.text, key)
  if not line then return "recipe" end
  local param = param_of(context.text, line, key)
  return param and "params." .. param or "recipe:" .. line
end

local WHEN = { step = "live", reload = "reload", restart = "restart" }

--- live, reload, restart or never.
local function change_of(s, name)
  if s and spellings.knob_of[s.name] then return "live, as " .. spellings.knob_of[s.name] end
  return WHEN[schema.changes(name)] or "never"
end

local function add(context, rows, name, keys, value, s)
  rows[#rows + 1] = { name = name, value = value, from = source_of(context, name, keys), unit = s and s.unit,
    change = change_of(s, name), why = schema.reason(name), doc = s and s.doc }
end

local function extended(keys, key)
  local longer = { unpack(keys) }
  longer[#longer + 1] = key
  return longer
end

local add_below

local function add_value(context, rows, path, keys, value, s)
  if s and (s.type == "kind" or s.type == "table") and type(value) == "table" then
    if value.kind then add(context, rows, path, keys, value.kind, s) end
    return add_below(context, rows, path, keys, value, s.name)
  end
  add(context, rows, path, keys, value, s)
end

local function options_of(value, prefix)
  local names, known = {}, {}
  for _, key in ipairs(schema.keys(prefix)) do names[#names + 1], known[key] = key, true end
  local rest = {}
  for key in pairs(value) do
    if type(key) == "string" and not known[key] and key ~= "kind" then rest[#rest + 1] = key end
  end
  table.sort(rest)
  for _, key in ipairs(rest) do names[#names + 1] = key end
  return names
end

function add_below(context, rows, path, keys, value, prefix)
  for _, key in ipairs(options_of(value, prefix)) do
    local full = prefix == "" and key or prefix .. "." .. key
    local s = schema.find(full)
    if value[key] ~= nil and not (s and s.type == "sets") then
      add_value(context, rows, path == "" and key or path .. "." .. key, extended(keys, key), value[key], s)
    end
  end
end

local function data_rows(context, rows)
  local sets = context.declared.data
  local is_one = type(sets) == "table" and sets.kind ~= nil
  for i, set in ipairs(context.settings.data) do
    local keys = is_one and { "data" } or { "data", i }
    add(context, rows, "data[" .. i .. "]", keys, set.kind, schema.find "data")
    add_below(context, rows, "data[" .. i .. "]", keys, set, "data[]")
  end
end

--- Gives the rows { name, value, from, unit, change, why, doc } of an opened recipe.
---@param opened lorarun.Recipe
---@param options table   of the command line
function explain.rows(opened, options)
  local context = { options = options, set = (opened.given or options).set, declared = opened.declared,
    settings = opened.settings, text = opened.text }
  local rows = {}
  add_below(context, rows, "", {}, opened.settings, "")
  data_rows(context, rows)
  return rows
end

local ROW = "%-24s %-28s %-14s %-9s %s"

local function line_text(row)
  local value = value_text(row.value)
  if #value > 60 then value = value:sub(1, 57) .. "…" end
  return (ROW:format(row.name, value, row.from, row.unit or "", row.change))
end

--- Gives the whole text.
function explain.text(opened, options)
  local lines = params.lines(opened.params)
  if #lines > 0 then lines[#lines + 1] = "" end
  lines[#lines + 1] = ROW:format("setting", "value", "from", "unit", "can change")
  for _, row in ipairs(explain.rows(opened, options)) do lines[#lines + 1] = line_text(row) end
  for _, one in ipairs(opened.warnings) do lines[#lines + 1] = inert.text(one) end
  return table.concat(lines, "\n")
end

--- Prints it; gives the exit code.
function explain.print(options)
  local opened = recipe.open(options)
  if options.json then
    print(lorarun.system.encode { recipe = opened.path, hash = opened.hash, params = opened.params,
      settings = explain.rows(opened, options), warnings = opened.warnings })
  else
    print(explain.text(opened, options))
  end
  return 0
end

return explain
