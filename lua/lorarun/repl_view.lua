--- What a line of the REPL sees while it may only read.
--
--   run  state  knobs  tweaks  journal  plan()  loss()  help(x)  and plain Lua without files, time or randomness
--
-- A name that is called with nothing may stand alone: `plan` is plan(). Words of commands say how the command is typed.
-- Tables of the run are shown through proxies: reading goes through, writing is an error that says how a change is
-- made. Text functions have limits, because a pattern can take hours inside C, where no budget reaches.

local budget = require "lorarun.repl_budget"
local facts = require "lorarun.repl_facts"
local pretty = require "lorarun.pretty"
local words = require "lorarun.repl_words"

local repl_view = {}

local MOST_REPEATED_BYTES, MOST_PATTERN_WORK = 2 ^ 20, 1e7

local plain_of = setmetatable({}, { __mode = "k" }) -- proxy -> the table behind it
local text_of = setmetatable({}, { __mode = "k" })  -- proxy -> function that says it in words

local function read_only() error("this is read-only: `:tweak KEY=VALUE` changes a knob, `:write` allows everything", 0) end

--- A proxy of a table; other values as they are.
---@param value any
---@param text (fun(): string)?   what is printed instead of the items
---@param call function?          what a call of the proxy does
---@param path string?            how a tweak calls what is in it: "" for knobs and settings, "optimizer" below them
function repl_view.of(value, text, call, path)
  if type(value) ~= "table" then return value end
  local proxy = newproxy(true)
  local meta = getmetatable(proxy)
  local function inside(key) return path and type(key) == "string" and (path == "" and key or path .. "." .. key) or nil end
  meta.__index = function(_, key) return repl_view.of(value[key], nil, nil, inside(key)) end
  meta.__newindex = function(_, key, given) words.fail_assignment(inside(key), given) end
  meta.__len = function() return #value end
  meta.__call = call and function(_, ...) return call(...) end
  meta.__metatable = false
  plain_of[proxy], text_of[proxy] = value, text
  return proxy
end

--- The table behind a proxy.
function repl_view.plain(value) return plain_of[value] or value end

--- A value as text for people.
function repl_view.show(value)
  if text_of[value] then return text_of[value]() end
  return pretty.show(repl_view.plain(value))
end

local function copy(value)
  value = repl_view.plain(value)
  if type(value) ~= "table" then return value end
  local same = {}
  for key, item in pairs(value) do same[key] = copy(item) end
  return same
end

local function sorted_pairs(value)
  value = repl_view.plain(value)
  local keys, i = {}, 0
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) == "number" and type(b) ~= "number"
  end)
  return function()
    i = i + 1
    if keys[i] ~= nil then return keys[i], repl_view.of(value[keys[i]]) end
  end
end

local function numbered_pairs(value)
  value = repl_view.plain(value)
  local i = 0
  return function()
    i = i + 1
    if value[i] ~= nil then return i, repl_view.of(value[i]) end
  end
end

local real = {}
for name, f in pairs(string) do real[name] = f end

--- Fails for a pattern whose search may take longer than the budget: every repetition multiplies the work.
local function check_pattern(text, pattern)
  local _, repeats = real.gsub(pattern, "[%*%+%-%?]", "")
  if (#text) ^ math.max(1, repeats) > MOST_PATTERN_WORK then
    error("this pattern may take too long on a text of " .. #text .. " bytes: fewer repetitions, or a shorter text", 0)
  end
end

local texts = {}
for _, name in ipairs { "byte", "char", "format", "len", "lower", "reverse", "sub", "upper" } do texts[name] = real[name] end

function texts.rep(text, count)
  if #text * count > MOST_REPEATED_BYTES then error("a text of more than 1 MB", 0) end
  return real.rep(text, count)
end

function texts.find(text, pattern, first, is_plain)
  if not is_plain then check_pattern(text, pattern) end
  return real.find(text, pattern, first, is_plain)
end

function texts.match(text, pattern, first)
  check_pattern(text, pattern)
  return real.match(text, pattern, first)
end

function texts.gmatch(text, pattern)
  check_pattern(text, pattern)
  return real.gmatch(text, pattern)
end

function texts.gsub(text, pattern, replacement, most)
  check_pattern(text, pattern)
  if type(replacement) == "function" then error("gsub takes a text or a table here", 0) end
  return real.gsub(text, pattern, copy(replacement), most)
end

--- Calls f with the limited text functions also behind ("x"):rep(…), and puts the real ones back.
function repl_view.with_limited_texts(f)
  local meta = getmetatable("")
  local before = meta.__index
  meta.__index = texts
  local results = { pcall(f) }
  meta.__index = before
  return unpack(results, 1, table.maxn(results))
end

--- Runs f outside the budget and with the real text functions: what somebody asked for by name.
local function asked(f)
  return function(...)
    local meta = getmetatable("")
    local before = meta.__index
    meta.__index = real
    local results = { pcall(budget.free, f, ...) }
    meta.__index = before
    if not results[1] then error(results[2], 0) end
    return unpack(results, 2, table.maxn(results))
  end
end

local function numbers()
  local same = {}
  for name, f in pairs(math) do same[name] = f end
  same.random, same.randomseed = nil, nil -- one state for the whole process
  return same
end

local lists = { maxn = table.maxn }
function lists.concat(list, ...) return table.concat(copy(list), ...) end
function lists.insert(list, ...) return plain_of[list] and read_only() or table.insert(list, ...) end
function lists.remove(list, ...) return plain_of[list] and read_only() or table.remove(list, ...) end
function lists.sort(list, ...) return plain_of[list] and read_only() or table.sort(list, ...) end

--- What every line may use, whatever the run.
local function language(say)
  return {
    assert = assert, error = error, select = select, tonumber = tonumber, math = numbers(), string = texts, table = lists,
    bit = bit, pairs = sorted_pairs, ipairs = numbered_pairs, copy = copy,
    type = function(value) return plain_of[value] and "table" or type(value) end,
    tostring = function(value) return type(value) == "string" and value or repl_view.show(value) end,
    unpack = function(list, ...) return unpack(copy(list), ...) end,
    next = function(value, key) return next(copy(value), key) end,
    print = function(...)
      local parts = {}
      for i = 1, select("#", ...) do parts[i] = repl_view.show((select(i, ...))) end
      say(table.concat(parts, "\t") .. "\n")
    end,
  }
end

--- A function that may also stand alone: its name shows what a call without anything gives.
local function callable(f) return repl_view.of({}, function() return repl_view.show(f()) end, f) end

--- What is computed when it is asked for.
local function of_run(run)
  return {
    run = function() return repl_view.of(facts.run(run, asked), nil, nil, "") end,
    state = function() return repl_view.of(run.state or {}) end,
    knobs = function() return repl_view.of(facts.knobs(run), nil, nil, "") end,
    tweaks = function() return repl_view.of(run.tweaks or {}) end,
    journal = function()
      local lines = asked(facts.journal)(run)
      local function last(count) return { unpack(lines, math.max(1, #lines - (count or 10) + 1)) } end
      local function view(list) return repl_view.of(list, function() return facts.journal_text(list) end) end
      return repl_view.of(lines, function() return facts.journal_text(last()) end, function(count) return view(last(count)) end)
    end,
    plan = function() return callable(asked(function() return facts.plan(run) end)) end,
    loss = function() return callable(asked(function(options) return facts.loss_plot(run, copy(options)) end)) end,
    help = function()
      return callable(asked(function(topic) return facts.help(type(topic) == "string" and topic or nil) end))
    end,
  }
end

repl_view.names = { "run", "state", "knobs", "tweaks", "journal", "plan", "loss", "help", "print", "pairs", "ipairs", "copy" }

local function fail_unknown(name)
  local close = lorarun.system.nearest(tostring(name), repl_view.names)
  error(("there is no '%s' here%s; help() lists what there is"):format(tostring(name),
    close and (": did you mean '" .. close .. "'?") or ""), 0)
end

--- Makes the environment of a session: names of its own are kept from line to line.
---@param run table
---@param say fun(text: string)
function repl_view.environment(run, say)
  local fixed, lazy = language(say), of_run(run)
  return setmetatable({}, {
    __index = function(_, name)
      if fixed[name] ~= nil then return fixed[name] end
      if lazy[name] then return lazy[name]() end
      fail_unknown(name)
    end,
    __newindex = function(own, name, value)
      if fixed[name] ~= nil or lazy[name] then read_only() end
      words.check_name(name, value)
      rawset(own, name, value)
    end,
  })
end

return repl_view
