--- Checks a declaration against the schema and fills in the defaults.
--
-- One walk: each key must be known, each value of its type and range.  Keys that
-- other trainers know but that would do nothing here are gone before, with a
-- warning (inert.lua); in the answer of a hook they are refused with the reason.
-- A value without a name goes to the setting that may stand so: flux { "models/base" }, images { "photos" }.

local elsewhere = require "lorarun.elsewhere"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"
local spellings = require "lorarun.spellings"
local tables = require "lorarun.tables"

local check = {}

local MOST_SHOWN = 8
local MOST_SIDE_PX = 16384 -- of a picture that anything here could hold

local function quoted(names) return table.concat(names, ", ") end

--- Where a key belongs that stands at the wrong place, or is called otherwise in other trainers.
local function hint_for(path, key, known)
  local elsewhere_hint = spellings.hint(path) or spellings.hint(key)
  if elsewhere_hint then return elsewhere_hint .. "  " end
  local close = lorarun.system.nearest(key, known)
  return close and ("did you mean '" .. close .. "'?  ") or ""
end

local function fail_unknown(context, path, key, known, hint)
  if schema.inert[key] then
    lorarun.fail { what = key .. " has no effect: " .. schema.inert[key].why, where = context.place .. ", " .. path,
      fix = "remove it from the recipe" }
  end
  if schema.not_yet[key] then
    lorarun.fail { what = key .. ": " .. schema.not_yet[key] .. " is not there yet in this version",
      where = context.place .. ", " .. path, fix = "remove it from the recipe" }
  end
  hint = hint or hint_for(path, key, known)
  table.sort(known)
  lorarun.fail { what = "unknown setting '" .. key .. "'", where = context.place .. ", " .. path,
    fix = hint .. "settings here: " .. quoted(known) }
end

--- "{ 5, 5 }", or "a table" where it is no short list of plain values.
local function table_text(value)
  local texts = {}
  for i, item in ipairs(value) do texts[i] = type(item) ~= "table" and tostring(item) or nil end
  if #texts == 0 or #texts ~= #value or #texts > MOST_SHOWN then return "a table" end
  return "{ " .. quoted(texts) .. " }"
end

local function fail_type(context, path, value, expected)
  local got = type(value) == "table" and table_text(value) or (type(value) == "string" and "the text '" .. value .. "'")
    or tostring(value)
  lorarun.fail { what = path .. " is " .. got .. "; it must be " .. expected, where = context.place .. ", " .. path,
    fix = "give " .. expected }
end

local function range_text(s)
  if s.min and s.max then return " from " .. s.min .. " to " .. s.max end
  if s.min then return " of at least " .. s.min end
  return ""
end

local function check_number(context, path, value, s, noun)
  local good = type(value) == "number" and value == value and math.abs(value) ~= math.huge
  if good and s.type == "integer" then good = value == math.floor(value) end
  if good and s.min then good = value >= s.min end
  if good and s.max then good = value <= s.max end
  if not good then fail_type(context, path, value, noun .. range_text(s)) end
end

local function check_text(context, path, value, s)
  if type(value) ~= "string" then fail_type(context, path, value, "a text") end
  local values = s.values or (s.registry and schema.kinds(s.registry))
  if not values then return end
  for _, known in ipairs(values) do
    if known == value then return end
  end
  local close = lorarun.system.nearest(value, values)
  lorarun.fail { what = path .. " = '" .. value .. "' is unknown", where = context.place .. ", " .. path,
    fix = (close and "did you mean '" .. close .. "'?  " or "") .. "known: " .. quoted(values) }
end

local function check_count(context, path, list, s)
  for i = 1, math.max(s.count, #list) do
    if type(list[i]) ~= "number" or i > s.count or list[i] < (s.min or -math.huge) then
      fail_type(context, path, list, ("%d numbers%s: { %s }"):format(s.count, range_text(s), quoted(s.default)))
    end
  end
end

local function check_list(context, path, value)
  if type(value) == "string" or type(value) == "number" then return { value } end
  if type(value) ~= "table" or (next(value) ~= nil and value[1] == nil) then
    fail_type(context, path, value, "a list: { … }")
  end
  return value
end

local function check_sizes(context, path, value)
  local sizes = check_list(context, path, value)
  for i, size in ipairs(sizes) do
    check_number(context, path .. "[" .. i .. "]", size, { type = "integer", min = 16, max = MOST_SIDE_PX }, "a whole number")
  end
  return sizes
end

--- What another registry calls this name, for the message.
local function other_noun(kind, registry)
  for _, other in ipairs { "family", "network", "objective", "optimizer", "timesteps", "loss", "schedule", "data" } do
    for _, name in ipairs(other ~= registry and schema.kinds(other) or {}) do
      if name == kind then return other end
    end
  end
end

local function check_kind(context, path, value, registry, default)
  if type(value) == "string" then value = { kind = value } end
  if type(value) == "table" and value.kind == nil and default then value.kind = default.kind end
  if type(value) ~= "table" or type(value.kind) ~= "string" then
    fail_type(context, path, value, "one of: " .. quoted(schema.kinds(registry)))
  end
  local known = schema.kinds(registry)
  for _, name in ipairs(known) do
    if name == value.kind then return value end
  end
  local noun, close = other_noun(value.kind, registry), lorarun.system.nearest(value.kind, known)
  local words = not noun and elsewhere.words(value.kind)
  if words then
    lorarun.fail { what = words.what, where = context.place .. ", " .. path .. ".kind", fix = words.fix }
  end
  lorarun.fail {
    what = noun and (value.kind .. " is a " .. noun .. ", not a " .. registry)
      or ("no " .. registry .. " named '" .. value.kind .. "'"),
    where = context.place .. ", " .. path .. ".kind",
    fix = (close and "did you mean '" .. close .. "'?  " or "") .. "known: " .. quoted(known),
  }
end

local function check_factors(context, path, value)
  if type(value) ~= "table" then fail_type(context, path, value, 'a table: { ["attn.to_q"] = 0.5 }') end
  for pattern, factor in pairs(value) do
    check_number(context, path .. '["' .. tostring(pattern) .. '"]', factor, { min = 0 }, "a factor")
  end
  return value
end

local check_fields, check_phases, check_schedule, check_policies

--- Checks one value; gives it as it is used.
local function check_value(context, s, path, value)
  if s.type == "number" then check_number(context, path, value, s, "a number") end
  if s.type == "integer" then check_number(context, path, value, s, "a whole number") end
  if s.type == "text" or s.type == "path" then check_text(context, path, value, s) end
  if s.type == "flag" and type(value) ~= "boolean" then fail_type(context, path, value, "true or false") end
  if s.type == "list" then value = check_list(context, path, value) end
  if s.count then check_count(context, path, value, s) end
  if s.type == "sizes" then value = check_sizes(context, path, value) end
  if s.type == "factors" then value = check_factors(context, path, value) end
  if s.type == "phases" then value = check_phases(context, value) end
  if s.type == "policies" then value = check_policies(context, path, value) end
  if s.type == "knobs" then value = check.knobs(value, context.place .. ", " .. path) end
  if s.type == "schedule" or s.kinds == "schedule" then return check_schedule(context, path, value, s.default) end
  if s.type == "table" then
    if type(value) ~= "table" then fail_type(context, path, value, "a table: { … }") end
    return check_fields(context, value, s.name, path)
  end
  if s.type == "kind" then
    return check_fields(context, check_kind(context, path, value, s.kinds, s.default), s.name, path, s.kinds)
  end
  return value
end

--- Keys that the kind itself reads beside the schema's.
local function kind_options(registry, kind)
  local kinds = registry and lorarun.kinds()[registry]
  return kinds and kinds[kind] and kinds[kind].options or {}
end

local function is_option(options, key)
  for _, option in ipairs(options) do
    if option == key then return true end
  end
  return false
end

local function join(path, key) return path == "" and key or path .. "." .. key end

local function acts_in(s, kind)
  for _, name in ipairs(s.acts_with or { kind }) do
    if name == kind then return true end
  end
  return kind == nil
end

local function fill_defaults(context, result, prefix, path)
  for _, key in ipairs(schema.keys(prefix)) do
    local s = schema.find(join(prefix, key))
    if result[key] == nil and s.required and acts_in(s, result.kind) then
      lorarun.fail { what = join(path, key) .. " is missing", where = context.place,
        fix = "add " .. key .. ": " .. s.doc }
    end
    if result[key] == nil and s.default ~= nil then
      result[key] = check_value(context, s, join(path, key), tables.copy(s.default))
    end
  end
end

local function shown(value) return type(value) == "string" and ("'" .. value .. "'") or tostring(value) end

local function fail_unnamed(context, path, value, prefix)
  local keys = schema.keys(prefix)
  table.sort(keys)
  lorarun.fail { what = ("%s has a value without a name: %s"):format(path == "" and "the recipe" or path, shown(value)),
    where = context.place .. (path == "" and "" or ", " .. path),
    fix = "write NAME = " .. shown(value) .. "; names here: " .. quoted(keys) }
end

--- The setting that a single value without a name means.
local function unnamed_setting(prefix, kind)
  for _, key in ipairs(schema.keys(prefix)) do
    local s = schema.find(join(prefix, key))
    if s.unnamed and acts_in(s, kind) then return key, s end
  end
end

--- Gives the value that stands in a table without a name the one that it means.
local function name_unnamed(context, fields, prefix, path)
  local items = fields.items or (fields[1] ~= nil and fields) or {}
  if items[1] == nil then return end
  local key, s = unnamed_setting(prefix, fields.kind)
  if not key or items[2] ~= nil or fields[key] ~= nil or type(items[1]) ~= "string" or s.type ~= "path" then
    fail_unnamed(context, path, items[1], prefix)
  end
  fields[key], fields[1], fields.items = items[1], nil, nil
end

--- Checks a table whose settings are named "<prefix>.<key>"; `path` is what people read.
function check_fields(context, fields, prefix, path, registry)
  name_unnamed(context, fields, prefix, path)
  local options, result = kind_options(registry, fields.kind), { kind = fields.kind }
  for key, value in pairs(fields) do
    local s = type(key) == "string" and schema.find(join(prefix, key))
    if s then
      result[key] = check_value(context, s, join(path, key), value)
    elseif is_option(options, key) then
      result[key] = value
    elseif key ~= "kind" then
      fail_unknown(context, join(path, tostring(key)), tostring(key), schema.keys(prefix))
    end
  end
  fill_defaults(context, result, prefix, path)
  return result
end

local function check_data(context, data)
  if type(data) == "string" or (type(data) == "table" and data.kind) then data = { data } end
  if type(data) ~= "table" or data[1] == nil then
    fail_type(context, "data", data, 'a list of data sets: { images { dir = "photos" } }')
  end
  local sets = {}
  for i, set in ipairs(data) do
    local path = "data[" .. i .. "]"
    if type(set) == "string" then
      lorarun.fail { what = path .. " is a text", where = context.place .. ", " .. path, fix = ('write images { dir = "%s" }'):format(set) }
    end
    sets[i] = check_fields(context, check_kind(context, path, set, "data"), "data[]", path)
  end
  return sets
end

--- Checks a whole declaration.  Raises an error that says what, where and how to fix.
---@param declared table
---@param place string   the recipe, for error texts
---@return table settings
function check.settings(declared, place)
  local context = { place = place }
  local settings = check_fields(context, declared, "", "")
  settings.data = check_data(context, settings.data)
  return settings
end

local function option_names(law)
  local names = {}
  for _, options in ipairs { law.options, law.new and schedule.common or {} } do
    for name in pairs(options) do names[#names + 1] = name end
  end
  return names
end

--- What stands in a schedule without a name: as many as its law takes.
local function check_items(context, path, kind, items)
  local wanted = schedule.law(kind).items
  if not wanted and #items > 0 then
    fail_type(context, path, items[1], "named: " .. kind .. " { … = … }")
  end
  local count = wanted and (wanted.each and math.max(1, #items) or #wanted) or 0
  local checked = {}
  for i = 1, count do
    local option = wanted.each or wanted[i]
    if items[i] == nil then
      lorarun.fail { what = kind .. " lacks " .. option.doc, where = context.place .. ", " .. path,
        fix = "write " .. kind .. (wanted.each and " { constant { part = 0.3 }, cosine {} }" or " { 0.5, cosine {} }") }
    end
    checked[i] = check_value(context, option, path .. "[" .. i .. "]", items[i])
  end
  if items[count + 1] ~= nil then fail_type(context, path .. "[" .. count + 1 .. "]", items[count + 1], "left away") end
  return checked
end

local function items_of(value)
  local items = {}
  for i, item in ipairs(value.items or value) do items[i] = item end
  return items
end

--- Checks cosine { floor = 0.1 } against the options of its own file; gives it with every default.
function check_schedule(context, path, value, default)
  value = check_kind(context, path, value, "schedule", default)
  local law, result = schedule.law(value.kind), { kind = value.kind }
  for key, item in pairs(value) do
    local option = law.options[key] or schedule.common[key]
    if option then
      result[key] = check_value(context, option, join(path, key), item)
    elseif type(key) == "string" and key ~= "kind" and key ~= "items" then
      fail_unknown(context, join(path, key), key, option_names(law))
    end
  end
  local items = check_items(context, path, value.kind, items_of(value))
  if #items > 0 then result.items = items end
  for key, option in pairs(law.options) do
    if result[key] == nil then result[key] = option.default end
  end
  return result
end

--- Checks early_stop { patience = 3 } against the options of its own file; gives it with every default.
local function check_policy(context, path, value)
  value = check_kind(context, path, value, "policies")
  local options, result = require("lorarun.policies." .. value.kind).options, { kind = value.kind }
  for key, item in pairs(value) do
    if options[key] then
      result[key] = check_value(context, options[key], join(path, key), item)
    elseif key ~= "kind" then
      fail_unknown(context, join(path, tostring(key)), tostring(key), option_names { options = options })
    end
  end
  for key, option in pairs(options) do
    if result[key] == nil then result[key] = option.default end
    if result[key] == nil and option.required then
      lorarun.fail { what = path .. ": " .. value.kind .. " lacks " .. key, where = context.place .. ", " .. path,
        fix = "add " .. key .. ": " .. option.doc }
    end
  end
  return result
end

function check_policies(context, path, value)
  if type(value) == "table" and value.kind then value = { value } end
  local list = {}
  for i, policy in ipairs(check_list(context, path, value)) do
    list[i] = check_policy(context, path .. "[" .. i .. "]", policy)
  end
  return list
end

--- A rate; in a phase also a schedule in its place.
local function check_rate(context, path, value)
  if type(value) == "table" and context.borders then return check_schedule(context, path, value) end
  check_number(context, path, value, { min = 0 }, "a learning rate")
  return value
end

--- true, false or { lr = …, train = … } as a table.
local function check_group(context, path, value)
  if type(value) == "boolean" then return { train = value } end
  if type(value) ~= "table" then fail_type(context, path, value, "{ lr = …, train = … }, true or false") end
  for key, item in pairs(value) do
    if key == "lr" then
      value.lr = check_rate(context, path .. ".lr", item)
    elseif key == "train" then
      if type(item) ~= "boolean" then fail_type(context, path .. ".train", item, "true or false") end
    else
      fail_unknown(context, path .. "." .. tostring(key), tostring(key), { "lr", "train" })
    end
  end
  return value
end

--- { every = … }; false and 0 leave the last step only.
local function check_cadence(context, path, value)
  if value == false then return { every = 0 } end
  if type(value) ~= "table" then fail_type(context, path, value, "{ every = … }, or false") end
  for key, item in pairs(value) do
    if key ~= "every" then fail_unknown(context, path .. "." .. tostring(key), tostring(key), { "every" }) end
    check_number(context, path .. ".every", item, { type = "integer", min = 0 }, "a whole number of steps")
  end
  return value
end

local function check_reason(_, _, value) return value and tostring(value) or nil end

local KNOB_CHECKS = { group = check_group, factors = check_factors, cadence = check_cadence, reason = check_reason }

local function knob_hint(key)
  local knob = spellings.knob(key)
  return knob ~= key and ("did you mean '" .. knob .. "'?  ") or nil
end

local function check_knob(context, key, value, path)
  local knob = schema.find_knob(key)
  if knob and KNOB_CHECKS[knob.type] then return KNOB_CHECKS[knob.type](context, path, value) end
  if knob then return check_value(context, knob, path, value) end
  local s = schema.find(key)
  if s and s.live then return check_value(context, s, path, value) end
  s = s or schema.find(spellings.schema_name(tostring(key)) or "")
  if s and not s.live then
    local why = schema.reason(s.name)
    lorarun.fail { what = (s.name:gsub("%[%]", "")) .. " cannot change while training" .. (why and ": " .. why or ""),
      where = context.place .. ", " .. path, fix = "knobs: " .. quoted(schema.knob_names()) }
  end
  local known = schema.knob_names()
  for _, border in ipairs(context.borders or {}) do known[#known + 1] = border.name end
  fail_unknown(context, path, tostring(key), known, knob_hint(tostring(key)))
end

--- Checks a table of knobs: live settings only, finite and in range.
---@param answer table?   of on.step, a tweak, a ready policy
---@param place string    for error texts
---@return table
function check.knobs(answer, place)
  local context, knobs = { place = place }, {}
  if answer == nil then return knobs end
  if type(answer) ~= "table" then fail_type(context, "the answer", answer, "a table of knobs") end
  for key, value in pairs(answer) do knobs[key] = check_knob(context, key, value, tostring(key)) end
  return knobs
end

local function check_phase(context, path, value)
  if type(value) ~= "table" or value.kind ~= "phase" then fail_type(context, path, value, "phase { from = …, … }") end
  local phase = { kind = "phase" }
  context = { place = context.place, borders = schema.phase_borders }
  for key, item in pairs(value) do
    local border, inside = schema.find_border(key), path .. "." .. tostring(key)
    if border then
      check_number(context, inside, item, border, "a number")
      phase[key] = item
    elseif key == "lr" then
      phase.lr = check_rate(context, inside, item)
    elseif key ~= "kind" then
      phase[key] = check_knob(context, key, item, inside)
    end
  end
  return phase
end

function check_phases(context, value)
  if type(value) == "table" and value.kind == "phase" then value = { value } end
  local list = {}
  for i, phase in ipairs(check_list(context, "phases", value)) do
    list[i] = check_phase(context, "phases[" .. i .. "]", phase)
  end
  return list
end

return check
