--- The world that a recipe sees.
--
--   declare(chunk, names)      runs the recipe's chunk, gives its table as plain data
--   decide(hook, state, run)   calls on.<hook>(state, run), gives answer and state
--   migrate(state, from)       calls the recipe's migrate, gives the new state
--
-- The recipe gets a whitelist: no files, no modules but its own parts, no
-- metatables, no coroutines, no addresses.  `pairs` and `next` go in sorted
-- order, so a recipe decides the same in every run.  Greedy patterns are refused
-- and long texts paid for beforehand, because no instruction budget can stop
-- what runs inside C.  What crosses is measured first: values, bytes, depth.

local sandbox = {}

local error, type, next, tostring, select, unpack = error, type, next, tostring, select, unpack
local string, table, math, setmetatable, setfenv = string, table, math, setmetatable, setfenv
local getmetatable, loadstring, ipairs, nearest = getmetatable, loadstring, ipairs, nearest -- nearest, spend: from vm.cpp
local spend, tonumber, rawget = spend, tonumber, rawget

local MOST_PATTERN_STEPS, MOST_REPEATED = 1e8, 1e6
local MOST_VALUES, MOST_BYTES, MOST_DEPTH = 50000, 2 ^ 20, 32

local hooks, migration = {}, nil

--- Sorts a list; written in Lua, because a comparison function called from C could nest without end.
local function sort(list, before)
  before = before or function(a, b) return a < b end
  local n, width = #list, 1
  while width < n do
    local merged = {}
    for start = 1, n, 2 * width do
      local i, j = start, start + width
      local i_end, j_end = math.min(j, n + 1), math.min(start + 2 * width, n + 1)
      while i < i_end or j < j_end do
        local take_right = i >= i_end or (j < j_end and before(list[j], list[i]))
        local from = take_right and j or i
        merged[#merged + 1] = list[from]
        if take_right then j = j + 1 else i = i + 1 end
      end
    end
    for k = 1, n do list[k] = merged[k] end
    width = 2 * width
  end
end

local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) < type(b)
  end)
  return keys
end

local function sorted_pairs(t)
  local keys, i = sorted_keys(t), 0
  return function()
    i = i + 1
    local key = keys[i]
    if key ~= nil then return key, t[key] end
  end
end

--- The key after `key` in sorted order, and its value.
local function sorted_next(t, key)
  local keys = sorted_keys(t)
  if key == nil then return keys[1], t[keys[1]] end
  for i = 1, #keys do
    if keys[i] == key then return keys[i + 1], t[keys[i + 1]] end
  end
end

local function plain_tostring(value)
  local kind = type(value)
  if kind == "table" or kind == "function" then return kind end
  return tostring(value)
end

--- Refuses a pattern whose worst case takes minutes: n characters, tried from each of them, to the power
--- of the quantifiers, twice for each ?.
local function check_pattern(subject, pattern)
  if #pattern > 1000 then error("a pattern may have 1000 characters", 3) end
  local bare = string.gsub(string.gsub(pattern, "%%.", "x"), "%[.-%]", "x")
  local _, greedy = string.gsub(bare, "[%*%+%-]", "")
  local _, optional = string.gsub(bare, "%?", "")
  local steps = (#subject + 1) ^ (greedy + 1) * 2 ^ optional
  if steps > MOST_PATTERN_STEPS then
    error("this pattern could run for minutes on " .. #subject .. " characters\n  fix: a shorter text, or fewer of * + - ?", 3)
  end
  spend(steps / 5)
end

--- A pattern function of the string library behind the check.
local function careful(name)
  local original = string[name]
  return function(subject, pattern, replacement, ...)
    subject, pattern = tostring(subject), tostring(pattern)
    check_pattern(subject, pattern)
    if name == "gsub" and type(replacement) == "function" then
      error("gsub with a function is not available in a recipe", 2)
    end
    return original(subject, pattern, replacement, ...)
  end
end

local function rep(text, n)
  text, n = tostring(text), tonumber(n)
  if not n or n ~= n or #text * n > MOST_REPEATED then
    error("string.rep would make a text of more than a million bytes", 2)
  end
  spend(#text * n / 16)
  return string.rep(text, n)
end

--- Joins as table.concat does, and no more than a million bytes.
local function concat(list, separator, from, to)
  local bytes, gap = 0, #(separator or "")
  for i = from or 1, to or #list do
    bytes = bytes + #tostring(list[i]) + gap
    if bytes > MOST_REPEATED then error("table.concat would make a text of more than a million bytes", 2) end
  end
  return table.concat(list, separator, from, to)
end

local function format(pattern, ...)
  if string.find(pattern, "%%[^%%dgfesxqiGE%.%d%-%+ #]") then
    error("string.format knows %d %g %f %e %s %x %q here", 2)
  end
  local values = { n = select("#", ...), ... }
  for i = 1, values.n do values[i] = type(values[i]) == "number" and values[i] or plain_tostring(values[i]) end
  return string.format(pattern, unpack(values, 1, values.n))
end

local function copy(source, names)
  local picked = {}
  for _, name in ipairs(names) do picked[name] = source[name] end
  return picked
end

local function safe_strings()
  local strings = copy(string, { "byte", "char", "len", "lower", "reverse", "sub", "upper" })
  for _, name in ipairs { "find", "gmatch", "gsub", "match" } do strings[name] = careful(name) end
  strings.rep, strings.format = rep, format
  return strings
end

--- flux { … } and its sisters: a copy of the table with its kind written into it. What stands in it without a name
--- goes into `items`, because plain data is either a list or has names.
local function constructor(kind)
  return function(options)
    if options ~= nil and type(options) ~= "table" then
      error(kind .. " takes a table: " .. kind .. " { … }", 2)
    end
    local tagged, items = { kind = kind }, {}
    for key, value in next, options or {} do
      if type(key) == "number" then items[key] = value else tagged[key] = value end
    end
    if #items > 0 then tagged.items = items end
    return tagged
  end
end

--- Names of the full API: whoever uses one wrote a script.
local OF_SCRIPTS = { lorarun = true, io = true, os = true, print = true, arg = true, debug = true, package = true,
  dofile = true, loadstring = true, load = true, loadfile = true, jit = true, ffi = true }

local function remedy(name, known)
  if OF_SCRIPTS[name] then
    return "a recipe has no such thing; if this is a script with the full API, read it, then run it with --trust"
  end
  local hint = nearest(string.lower(tostring(name)), known)
  return hint and ("did you mean '" .. hint .. "'?") or "write it as a local, or remove it"
end

local function strict(environment, known)
  return setmetatable(environment, {
    __index = function(_, name)
      local fix = "\n  fix: " .. remedy(name, known)
      error("nothing is named '" .. tostring(name) .. "' in a recipe" .. fix, 2)
    end,
    __newindex = function(_, name)
      error("a recipe has no global variables\n  fix: write `local " .. tostring(name) .. "`", 2)
    end,
    __metatable = false,
  })
end

--- Loads the texts of lua/lorarun/schedule.lua and of the laws beside it.
local function load_schedules(environment, texts)
  local loaded = {}
  for name, text in next, texts do
    loaded[name] = setfenv(loadstring(text, "@schedule/" .. name .. ".lua"), environment)()
  end
  local library = loaded.schedule
  loaded.schedule = nil
  return library and library.library(loaded) or loaded
end

local function names_of(t)
  local names = sorted_keys(t)
  for i = 1, #names do names[i] = tostring(names[i]) end
  return names
end

local function unknown(what, name, known)
  local hint = nearest(name, known)
  local fix = hint and ("did you mean '" .. hint .. "'?  ") or ""
  error(what .. "\n  fix: " .. fix .. "known: " .. table.concat(known, ", "), 0)
end

--- require "lib.schedule": runs a part of the recipe once, and nothing else.
local function requirer(environment, parts)
  local loaded, chain = {}, {}
  return function(name)
    name = tostring(name)
    if loaded[name] then return loaded[name].value end
    local text = rawget(parts, name)
    if not text then unknown("the recipe has no part '" .. name .. "'", name, names_of(parts)) end
    chain[#chain + 1] = name
    for i = 1, #chain - 1 do
      if chain[i] == name then error("parts that need each other: " .. table.concat(chain, " -> "), 0) end
    end
    local chunk, problem = loadstring(text, "@" .. string.gsub(name, "%.", "/") .. ".lua", "t")
    if not chunk then error(problem, 0) end
    local value = setfenv(chunk, environment)()
    chain[#chain] = nil
    loaded[name] = { value = value == nil and true or value }
    return loaded[name].value
  end
end

local EMPTY = { number = 0, integer = 0, text = "", path = "", flag = false }

local NOUN = { number = "a number", integer = "a whole number", text = "a text", path = "a path",
  flag = "true or false", list = "a list: a,b,c" }

local function number_of(text, unit)
  if type(text) == "string" and unit then
    local number, word = string.match(string.sub(text, 1, 100), "^%s*([^%s%a]+)%s*(%a*)$")
    if number and (word == "" or word == unit) then text = number end
  end
  return tonumber(text)
end

local function list_of(value)
  if type(value) ~= "string" then return type(value) == "table" and value or nil end
  local list = {}
  for part in string.gmatch(string.sub(value, 1, 4096), "[^,]+") do list[#list + 1] = tonumber(part) or part end
  return list
end

--- What the given text or value is in the type of the parameter; nil where it is none.
local function typed(p, value)
  if p.type == "number" or p.type == "integer" then
    local number = number_of(value, p.unit)
    local finite = number and number == number and number > -math.huge and number < math.huge
    if not finite or (p.type == "integer" and number % 1 ~= 0) then return nil end
    return number
  end
  if p.type == "flag" then
    if value == true or value == "true" then return true end
    if value == false or value == "false" then return false end
    return nil
  end
  if p.type == "list" then return list_of(value) end
  return type(value) == "string" and value or (type(value) == "number" and tostring(value)) or nil
end

local function expected(p)
  local text = NOUN[p.type] .. (p.unit and (" in " .. p.unit) or "")
  if p.min and p.max then return text .. " from " .. p.min .. " to " .. p.max end
  if p.min then return text .. " of at least " .. p.min end
  if p.max then return text .. " of at most " .. p.max end
  if p.values then return text .. ": " .. table.concat(p.values, ", ") end
  return text
end

local function is_allowed(p, value)
  if p.min and value < p.min or p.max and value > p.max then return false end
  for _, known in ipairs(p.values or {}) do
    if value == known then return true end
  end
  return p.values == nil
end

local function check_param(name, p)
  if type(p) ~= "table" then error("params." .. name .. " must be a table: { type = \"number\", default = 1 }", 0) end
  if not NOUN[p.type] then
    unknown("params." .. name .. ": no type '" .. tostring(p.type) .. "'", tostring(p.type), names_of(NOUN))
  end
  local known = { "type", "default", "min", "max", "unit", "values", "doc", "required" }
  for key in next, p do
    local found = false
    for _, name_of_key in ipairs(known) do found = found or name_of_key == key end
    if not found then unknown("params." .. name .. ": unknown key '" .. tostring(key) .. "'", tostring(key), known) end
  end
end

local function value_of(name, p, given, lenient)
  local value, source = given, "the given value of params." .. name
  if value == nil then value, source = p.default, "the default of params." .. name end
  if value == nil then
    if p.required and not lenient then
      error("the recipe needs a value for '" .. name .. "'" .. (p.doc and (": " .. p.doc) or "")
        .. "\n  fix: add --set " .. name .. "=…", 0)
    end
    if p.required then return p.min or EMPTY[p.type] or {} end
    return nil
  end
  local good = typed(p, value)
  if good == nil or not is_allowed(p, good) then
    error(source .. " is '" .. plain_tostring(value) .. "'; it must be " .. expected(p)
      .. "\n  fix: --set " .. name .. "=" .. plain_tostring(p.default or p.min or EMPTY[p.type] or "a,b"), 0)
  end
  return good
end

local declared_params

--- params { … }: the values by name; what was declared goes into the declaration.
local function params_constructor(names)
  return function(declared)
    if type(declared) ~= "table" then error("params takes a table: params { … }", 2) end
    if declared_params then error("a recipe declares its params once", 2) end
    local values = {}
    declared_params = declared
    for _, name in ipairs(names_of(declared)) do
      check_param(name, declared[name])
      values[name] = value_of(name, declared[name], rawget(names.params or {}, name), names.lenient)
    end
    return values
  end
end

local function environment_of(names)
  local maths = copy(math, { "abs", "ceil", "cos", "exp", "floor", "fmod", "huge", "log", "log10", "max", "min",
    "modf", "pi", "pow", "sin", "sqrt", "tan", "tanh" })
  local environment = copy(_G, { "assert", "error", "ipairs", "pcall", "select", "tonumber", "type", "unpack" })
  environment.math, environment.string = maths, safe_strings()
  environment.table = { insert = table.insert, remove = table.remove, concat = concat, sort = sort }
  environment.pairs, environment.next, environment.tostring = sorted_pairs, sorted_next, plain_tostring
  environment.schedule = load_schedules(environment, names.schedules)
  environment.recipe, environment.params = constructor("recipe"), params_constructor(names)
  environment.require = requirer(environment, names.parts or {})
  for _, kind in ipairs(names.constructors) do environment[kind] = constructor(kind) end
  local known = {}
  for name in next, environment do known[#known + 1] = name end
  return strict(environment, known)
end

--- What keeps a value from crossing: where (".lr") and why, or nothing.
local function flaw(value, spent, depth)
  local kind = type(value)
  spent.values = spent.values + 1
  if spent.values > MOST_VALUES then return "", "holds more than " .. MOST_VALUES .. " values" end
  if kind == "string" then spent.bytes = spent.bytes + #value end
  if spent.bytes > MOST_BYTES then return "", "holds more than a million bytes of text" end
  if kind == "function" or kind == "userdata" or kind == "thread" then return "", "is a " .. kind end
  if kind == "number" and (value ~= value or value == math.huge or value == -math.huge) then
    return "", "is not a finite number"
  end
  if kind ~= "table" then return nil end
  if depth > MOST_DEPTH then return "", "contains itself, or is nested too deeply" end
  for key, item in next, value do
    spent.bytes = spent.bytes + (type(key) == "string" and #key or 8)
    local where, why = flaw(item, spent, depth + 1)
    if where then
      if #where > 80 then return where, why end
      return (type(key) == "number" and ("[" .. key .. "]") or ("." .. string.sub(plain_tostring(key), 1, 40))) .. where, why
    end
  end
end

local function expect_plain(value, what)
  local where, why = flaw(value, { values = 0, bytes = 0 }, 0)
  if where then
    error(what .. where .. " " .. why .. "\n  fix: keep finite numbers, texts and tables of them", 0)
  end
  return value
end

--- Copies the recipe's table; the functions of `on` become marks and stay behind.
local function plain(value, path, depth)
  if depth > MOST_DEPTH then error(path .. " contains itself, or is nested too deeply", 0) end
  if type(value) == "function" then
    error(path .. " is a function\n  fix: functions belong into on = { … }", 0)
  end
  if type(value) ~= "table" then return value end
  local data = {}
  for key, item in next, value do
    if type(item) == "function" and (path == "on" or (path == "" and key == "migrate")) then
      data[key] = { kind = "hook" }
    else
      local inside = type(key) == "number" and ("[" .. key .. "]") or plain_tostring(key)
      data[key] = plain(item, path == "" and inside or (path .. "." .. inside), depth + 1)
    end
  end
  return data
end

--- Runs the recipe once.
function sandbox.declare(chunk, names)
  local texts = getmetatable("")
  local environment = environment_of(names)
  texts.__index, texts.__metatable = environment.string, false
  local declared = setfenv(chunk, environment)()
  if type(declared) ~= "table" or declared.kind ~= "recipe" then
    error("the text is no recipe\n  fix: end it with `return recipe { … }`; a script with the full API needs --trust", 0)
  end
  if declared.on ~= nil and type(declared.on) ~= "table" then
    error("on is no table\n  fix: on = { step = function(state, run) … end }", 0)
  end
  hooks, migration = declared.on or {}, declared.migrate
  local data = plain(declared, "", 0)
  if declared_params then data.params = plain(declared_params, "params", 0) end
  return expect_plain(data, "recipe")
end

--- Calls one hook by its name.
function sandbox.decide(name, state, run)
  local hook = hooks[name]
  if type(hook) ~= "function" then error("the recipe has no on." .. name, 0) end
  local answer = hook(state, run)
  return expect_plain(answer, "the answer of on." .. name), expect_plain(state, "state")
end

--- Lets the recipe bring the state of an older version of it into shape.
function sandbox.migrate(state, from)
  if type(migration) ~= "function" then
    error("the recipe has no migrate\n  fix: migrate = function(state, from) … return state end", 0)
  end
  local changed = migration(state, from)
  if type(changed) ~= "table" then error("migrate gave no state\n  fix: end it with `return state`", 0) end
  return expect_plain(changed, "state")
end

return sandbox
