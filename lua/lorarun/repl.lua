--- The REPL of a running run: one line (or several) of Lua, evaluated between two steps.
--
--   text -> `return text`, else `text`   compiled; an error at its end: the text goes on in the next line
--        -> environment of the session   reading: repl_view.lua; after `:write`: the whole API
--        -> within a budget              50 ms and 64 MB reading, 10 s writing
--        -> { status, out } or an error  the output is cut at 64 KB
--
-- Lines that begin with a colon are commands. Invariant: a reading line leaves the run as it was, to the bit.

local budget = require "lorarun.repl_budget"
local facts = require "lorarun.repl_facts"
local view = require "lorarun.repl_view"
local repl_words = require "lorarun.repl_words"

local repl = {}

local MOST_OUTPUT_BYTES, MOST_SESSIONS = 64 * 1024, 32
local READING = { seconds = 0.05, memory_mb = 64 }
local WRITING = { seconds = 10, memory_mb = 4096 }
local COMMANDS = { ":continue", ":help", ":pause", ":plan", ":quit", ":read", ":render", ":save", ":status", ":stop", ":tweak",
  ":tweaks", ":untweak", ":write" }

--- Collects what a line prints; fails when it is too much.
local function add_output(session, text)
  session.bytes = session.bytes + #text
  if session.bytes > MOST_OUTPUT_BYTES then
    table.insert(session.out, text:sub(1, math.max(0, MOST_OUTPUT_BYTES - (session.bytes - #text))))
    session.is_cut = true
    error(("the output was cut at %d KB"):format(MOST_OUTPUT_BYTES / 1024), 0)
  end
  table.insert(session.out, text)
end

local function drop_oldest(sessions)
  local oldest, count
  for client in pairs(sessions) do
    count = (count or 0) + 1
    if not oldest or client < oldest then oldest = client end
  end
  if (count or 0) > MOST_SESSIONS then sessions[oldest] = nil end
end

--- The session of a connection: its own names, and whether it may write.
local function session_of(run, client)
  local sessions = run.live.sessions
  if not sessions[client] then
    local session = { out = {}, bytes = 0 }
    session.reading = view.environment(run, function(text) add_output(session, text) end)
    sessions[client] = session
    drop_oldest(sessions)
  end
  return sessions[client]
end

--- What is looked up anew for each line of `:write`, because each step replaces it.
local function standing(run, name)
  if name == "knobs" then return view.of(run.knobs or {}, nil, nil, "") end
  if name == "state" then return run.state end
  return _G[name]
end

--- The environment of `:write`: the run itself and the whole API. Knobs are read there too: a step decides them anew.
local function writing_environment(run, session)
  return setmetatable({
    run = run, trainer = run.trainer, network = run.network, model = run.model,
    loss = function(options) return facts.loss_plot(run, options) end, plan = function() return facts.plan(run) end,
    help = facts.help, journal = function(count)
      local lines = facts.journal(run)
      return facts.journal_text { unpack(lines, math.max(1, #lines - (count or 10) + 1)) }
    end,
    print = function(...)
      local parts = {}
      for i = 1, select("#", ...) do parts[i] = view.show((select(i, ...))) end
      add_output(session, table.concat(parts, "\t") .. "\n")
    end,
  }, {
    __index = function(_, name) return standing(run, name) end,
    __newindex = function(own, name, value)
      repl_words.check_name(name, value)
      rawset(own, name, value)
    end,
  })
end

--- Compiles a text as an expression, or as statements; false when it is not complete.
local function compile(text)
  local chunk = loadstring("return " .. text, "=line")
  if chunk then return chunk end
  local problem
  chunk, problem = loadstring(text, "=line")
  if chunk then return chunk end
  if problem:find("near '<eof>'", 1, true) then return false, problem end
  return nil, problem
end

local function is_bytecode(text) return text:byte(1) == 27 end

local function result_text(values, first, last)
  local texts = {}
  for i = first, last do texts[#texts + 1] = view.show(values[i]) end
  return table.concat(texts, "\t")
end

local function packed(...) return { ... }, select("#", ...) end

--- Runs a compiled line; gives its outcome.
local function run_line(run, session, chunk, request)
  local environment = session.writing or session.reading
  setfenv(chunk, environment)
  local limits = session.writing and WRITING or READING
  local function body()
    return budget.run(function()
      local values, count = packed(chunk())
      if values[1] ~= nil or count > 1 then add_output(session, result_text(values, 1, count) .. "\n") end
    end, { seconds = limits.seconds, memory_mb = limits.memory_mb,
      is_interrupted = function() return run.live.server and run.live.server:is_interrupted(request) end })
  end
  if session.writing then return body() end
  local kept, done, problem = view.with_limited_texts(body)
  if not kept then return false, done end
  return done, problem
end

local function text_of_problem(problem)
  if type(problem) == "table" and problem.what then
    return problem.what .. (problem.where and "\n   at: " .. problem.where or "")
      .. (problem.fix and "\n  fix: " .. problem.fix or "")
  end
  return tostring(problem)
end

local function outcome(session, done, problem)
  local out = table.concat(session.out)
  session.out, session.bytes = {}, 0
  if done then return { status = "done", out = out, mode = session.writing and "write" or "read" } end
  return { status = "error", out = out, problem = text_of_problem(problem), mode = session.writing and "write" or "read" }
end

local function evaluate_lua(run, session, request)
  local text = request.text
  if is_bytecode(text) then return outcome(session, false, "this is bytecode, not Lua") end
  local chunk, problem = compile(text)
  if chunk == false and not request.is_last then
    return { status = "incomplete", mode = session.writing and "write" or "read" }
  end
  if not chunk then return outcome(session, false, problem) end
  if session.writing then
    run.records:event(run.step, "write", { origin = "repl", what = text })
  end
  return outcome(session, run_line(run, session, chunk, request))
end

local commands = {}

function commands.write(run, session)
  if session.writing then return "this session writes already" end
  session.writing = writing_environment(run, session)
  run.records:event(run.step, "write", { origin = "repl", what = "allowed for a session" })
  return "everything is allowed now, between two steps; each line is a line of the journal; `:read` goes back"
end

function commands.read(_, session)
  session.writing = nil
  return "reading only"
end

function commands.help() return facts.help() end

function commands.plan(run) return facts.plan(run) end

function commands.status(run)
  return table.concat(require("lorarun.run_status").lines(require("lorarun.live").snapshot(run)), "\n")
end

local function said_tweaks(list)
  local live, lines = require "lorarun.live", {}
  for i, tweak in ipairs(list) do lines[i] = live.tweak_text(tweak) end
  return #lines > 0 and table.concat(lines, "\n") or "there are no tweaks"
end

function commands.tweaks(run) return said_tweaks(run.tweaks or {}) end

--- lr=3e-5 --from 6000 --for 500, as on the command line.
function commands.tweak(_, _, words, perform)
  local live, request = require "lorarun.live", { op = "tweak", origin = "repl", wishes = {} }
  local i = 1
  while i <= #words do
    if words[i] == "--from" or words[i] == "--for" then
      request[words[i] == "--from" and "from" or "for_steps"] = tonumber(words[i + 1]) or
        lorarun.fail { what = words[i] .. " needs a number of steps", where = ":tweak" }
      i = i + 1
    else
      table.insert(request.wishes, live.wish(words[i]))
    end
    i = i + 1
  end
  return said_tweaks(perform(request).tweaks)
end

function commands.untweak(_, _, words, perform)
  local removed = perform({ op = "untweak", origin = "repl", tweak = tonumber(words[1]) or -1 }).tweak
  return "taken back: " .. require("lorarun.live").tweak_text(removed)
end

for _, name in ipairs { "pause", "continue", "stop", "save", "render" } do
  commands[name] = function(_, _, _, perform)
    local answer = perform { op = name, origin = "repl" }
    local place = answer.path or answer.folder
    return ("%s, step %d%s"):format(name, answer.step, place and ": " .. place or "")
  end
end

local function evaluate_command(run, session, text, perform)
  local words = {}
  for word in text:gmatch("%S+") do words[#words + 1] = word end
  local name = table.remove(words, 1):sub(2)
  local command = commands[name]
  if not command then
    local close = lorarun.system.nearest(":" .. name, COMMANDS)
    return outcome(session, false, ("there is no command :%s%s; :help lists them"):format(name,
      close and ": did you mean '" .. close .. "'?" or ""))
  end
  local done, result = pcall(command, run, session, words, function(request) return perform(run, request) end)
  if done then session.out = { result, "\n" } end
  return outcome(session, done, result)
end

--- Evaluates what was typed.
---@param run table
---@param request table    { client, text, is_last = no more lines will come }
---@param perform fun(run: table, request: table): table   performs the requests of commands
---@return table            { status = done | error | incomplete, out, problem, mode }
function repl.evaluate(run, request, perform)
  local session = session_of(run, request.client or 0)
  local text = type(request.text) == "string" and request.text or ""
  if not text:find("%S") then return { status = "done", out = "", mode = session.writing and "write" or "read" } end
  local said, is_error = repl_words.of_line(text, session.writing or session.reading)
  if said then
    if not is_error then session.out = { said, "\n" } end
    return outcome(session, not is_error, said)
  end
  local command = text:match("^%s*(:%a.*)$")
  if command then return evaluate_command(run, session, command, perform) end
  return evaluate_lua(run, session, { text = text, is_last = request.is_last, ticket = request.ticket })
end

-- Completion: the names behind the last dot or colon, out of the tables themselves; nothing is called.

local function value_at(environment, path)
  local value = environment
  for part in path:gmatch("[%w_]+") do
    local reached
    reached, value = pcall(function() return value[part] end)
    if not reached or value == nil then return nil end
  end
  return value
end

local function keys_of(value)
  local plain, keys = view.plain(value), {}
  if type(plain) ~= "table" then return keys end
  for key in pairs(plain) do
    if type(key) == "string" and key:match("^[%a_][%w_]*$") then keys[#keys + 1] = key end
  end
  return keys
end

local function names_of(environment, session)
  local names = keys_of(environment)
  for _, name in ipairs(session.writing and keys_of(_G) or view.names) do names[#names + 1] = name end
  return names
end

--- Gives the words that may stand where the text ends.
---@return table { prefix = what is typed of the word, candidates = whole words, sorted }
function repl.complete(run, request)
  local session = session_of(run, request.client or 0)
  local text = type(request.text) == "string" and request.text or ""
  local candidates, prefix, names = {}, text:match("^:[%a]*$"), COMMANDS
  if not prefix then
    prefix = text:match("[%w_%.:]*$")
    local path, environment = prefix:match("^(.*)[%.:]") or "", session.writing or session.reading
    names = path == "" and names_of(environment, session) or keys_of(value_at(environment, path))
    local front = path == "" and "" or prefix:sub(1, #path + 1)
    for i, name in ipairs(names) do names[i] = front .. name end
  end
  local seen = {}
  for _, name in ipairs(names) do
    if name:sub(1, #prefix) == prefix and not seen[name] then
      seen[name] = true
      candidates[#candidates + 1] = name
    end
  end
  table.sort(candidates)
  return { prefix = prefix, candidates = candidates }
end

return repl
