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
  local bare = string.gsub(string.gsub(pattern, "%%.", "x"), "%[.-%]", "x")
  local _, greedy = string.gsub(bare, "[%*%+%-]", "")
  local _, optional = string.gsub(bare, "%?", "")
  local steps = (#subject + 1) ^ (greedy + 1) * 2 ^ optional
  if steps > MOST_PATTERN_STEPS or #pattern > 1000 then
    error("this pattern could run for minutes on " .. #subject .. " characters\n  fix: a shorter text, or fewer of * + - ?", 3)
  end
  spend(steps / 20)
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

--- flux { … } and its sisters: a copy of the table with its kind written into it.
local function constructor(kind)
  return function(options)
    if options ~= nil and type(options) ~= "table" then
      error(kind .. " takes a table: " .. kind .. " { … }", 2)
    end
    local tagged = { kind = kind }
    for key, value in next, options or {} do tagged[key] = value end
    return tagged
  end
end

local function strict(environment, known)
  return setmetatable(environment, {
    __index = function(_, name)
      local hint = nearest(string.lower(tostring(name)), known)
      local fix = "\n  fix: " .. (hint and ("did you mean '" .. hint .. "'?") or "write it as a local, or remove it")
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

local function environment_of(names)
  local maths = copy(math, { "abs", "ceil", "cos", "exp", "floor", "fmod", "huge", "log", "log10", "max", "min",
    "modf", "pi", "pow", "sin", "sqrt", "tan", "tanh" })
  local environment = copy(_G, { "assert", "error", "ipairs", "pcall", "select", "tonumber", "type", "unpack" })
  environment.math, environment.string = maths, safe_strings()
  environment.table = { insert = table.insert, remove = table.remove, concat = concat, sort = sort }
  environment.pairs, environment.next, environment.tostring = sorted_pairs, sorted_next, plain_tostring
  environment.schedule = load_schedules(environment, names.schedules)
  environment.recipe = constructor("recipe")
  for _, kind in ipairs(names.constructors) do environment[kind] = constructor(kind) end
  local known = {}
  for name in next, environment do known[#known + 1] = name end
  return strict(environment, known)
end

--- Copies the recipe's table; the functions of `on` become marks and stay behind.
local function plain(value, path, depth)
  if depth > 32 then error(path .. " contains itself", 0) end
  if type(value) == "function" then
    error(path .. " is a function\n  fix: functions belong into on = { … }", 0)
  end
  if type(value) ~= "table" then return value end
  local data = {}
  for key, item in next, value do
    if path == "on" and type(item) == "function" then
      data[key] = { kind = "hook" }
    else
      local inside = type(key) == "number" and ("[" .. key .. "]") or tostring(key)
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
    error("the text is no recipe\n  fix: end it with `return recipe { … }`", 0)
  end
  if declared.on ~= nil and type(declared.on) ~= "table" then
    error("on is no table\n  fix: on = { step = function(state, run) … end }", 0)
  end
  hooks = declared.on or {}
  return plain(declared, "", 0)
end

--- Calls one hook by its name.
function sandbox.decide(name, state, run)
  local hook = hooks[name]
  if type(hook) ~= "function" then error("the recipe has no on." .. name, 0) end
  return hook(state, run), state
end

return sandbox
