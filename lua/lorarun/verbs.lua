--- Verbs of the command line that are written in Lua: lua/lorarun/verbs/NAME.lua is `lorarun NAME`.
--
-- Such a file gives
--   usage     "plan RECIPE [--html FILE] [--json]"
--   switches  flags that stand alone: { "json" }
--   valued    flags that take the next word: { "html" }
--   lists     flags that may come again: { "set" }
--   run       function(arguments) -> exit code
-- and its first line says what it does; `lorarun --help` shows that line.

local recipe_search = require "lorarun.recipe_search"

local verbs = {}

local RECIPE_VALUED, RECIPE_LISTS, RECIPE_SWITCHES = { "steps", "name", "seed", "runs", "data" }, { "set" }, { "fresh", "json" }

--- Flags that every verb about a recipe takes, beside its own; others are params that the recipe declares.
function verbs.with_recipe_flags(verb)
  local function joined(own, more)
    local all = { unpack(own or {}) }
    for _, name in ipairs(more) do all[#all + 1] = name end
    return all
  end
  verb.switches = joined(verb.switches, RECIPE_SWITCHES)
  verb.valued = joined(verb.valued, RECIPE_VALUED)
  verb.lists = joined(verb.lists, RECIPE_LISTS)
  verb.takes_params = true
  return verb
end

local function kinds_of(verb)
  local kinds, names = {}, {}
  for kind, list in pairs { switch = verb.switches or {}, value = verb.valued or {}, list = verb.lists or {} } do
    for _, name in ipairs(list) do
      kinds[name] = kind
      names[#names + 1] = "--" .. name
    end
  end
  table.sort(names)
  return kinds, names
end

local function fail(verb, what, fix)
  lorarun.fail { what = what, where = "the command line", fix = fix or ("usage: lorarun " .. verb.usage) }
end

local function fail_unknown(verb, word, names)
  local close = lorarun.system.nearest(word, names)
  fail(verb, "unknown flag '" .. word .. "'", (close and ("did you mean '" .. close .. "'?  ") or "") ..
    "usage: lorarun " .. verb.usage)
end

--- --rank 32, --rank=32 or --fast: a param of the recipe. Gives how many words it took.
local function take_param(arguments, words, i)
  local name, value = words[i]:match("^%-%-([^=]+)=(.*)$")
  local stands_alone = not words[i + 1] or words[i + 1]:match("^%-%-")
  arguments.flags = arguments.flags or {}
  table.insert(arguments.flags, { name or words[i]:sub(3), value or (stands_alone and "true" or words[i + 1]) })
  return (name or stands_alone) and 1 or 2
end

--- Takes the words after a verb apart.
---@return table arguments   plain words as a list, flags by name, `lists` as lists
function verbs.parse(verb, words)
  local kinds, names = kinds_of(verb)
  local arguments, i = {}, 1
  while i <= #words do
    local name = words[i]:match("^%-%-(.+)$")
    if not name then
      arguments[#arguments + 1] = words[i]
    elseif not kinds[name] and verb.takes_params then
      i, arguments.known_flags = i + take_param(arguments, words, i) - 1, names
    elseif not kinds[name] then
      fail_unknown(verb, words[i], names)
    elseif kinds[name] == "switch" then
      arguments[name] = true
    else
      i = i + 1
      if not words[i] then fail(verb, "--" .. name .. " needs a value") end
      if kinds[name] == "list" then
        arguments[name] = arguments[name] or {}
        table.insert(arguments[name], words[i])
      else
        arguments[name] = words[i]
      end
    end
    i = i + 1
  end
  return arguments
end

--- Gives the whole number of a flag, or `absent`.
function verbs.whole_number(arguments, name, absent)
  local text = arguments[name]
  if text == nil then return absent end
  local value = tonumber(text)
  if not value or value ~= math.floor(value) then
    lorarun.fail { what = "--" .. name .. " needs a whole number, not '" .. text .. "'", where = "the command line" }
  end
  return value
end

local function setting(text)
  local key, value = text:match("^([^=]+)=(.*)$")
  if not key then
    lorarun.fail { what = "--set needs KEY=VALUE, not '" .. text .. "'", where = "the command line",
      fix = "for example --set optimizer.lr=5e-5" }
  end
  return { key, value }
end

--- Gives the options that recipe.open and train.new take.
function verbs.recipe_options(arguments)
  local options = { recipe = arguments[1], name = arguments.name, runs = arguments.runs, fresh = arguments.fresh,
    json = arguments.json, flags = arguments.flags, known_flags = arguments.known_flags,
    steps = verbs.whole_number(arguments, "steps"), seed = verbs.whole_number(arguments, "seed") }
  for _, text in ipairs(arguments.set or {}) do
    options.set = options.set or {}
    table.insert(options.set, setting(text))
  end
  if arguments.data then
    options.set = options.set or {}
    table.insert(options.set, { "data.dir", arguments.data })
  end
  if options.recipe then options.recipe = recipe_search.find(options.recipe) end
  return options
end

--- Gives the names of all verbs written in Lua.
function verbs.names()
  local names = {}
  for _, file in ipairs(lorarun.system.list(lorarun.system.share() .. "/lua/lorarun/verbs")) do
    names[#names + 1] = file:match("^([%w_]+)%.lua$")
  end
  return names
end

--- What the first line of a verb's file says.
local function about(name)
  local path = ("%s/lua/lorarun/verbs/%s.lua"):format(lorarun.system.share(), name)
  return lorarun.system.read(path):match("^[^\n]*`: ([^\n]-)%.?\n") or name
end

--- Runs a verb; gives its exit code.
---@param request { verb: string, words: string[] }
function verbs.run(request)
  local verb = require("lorarun.verbs." .. request.verb)
  for _, word in ipairs(request.words) do
    if word == "--help" or word == "-h" then
      print(about(request.verb) .. "\nusage: lorarun " .. verb.usage)
      return 0
    end
  end
  return verb.run(verbs.parse(verb, request.words))
end

return verbs
