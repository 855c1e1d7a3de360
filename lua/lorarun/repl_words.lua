--- What the REPL says to words that are no Lua, or that would do nothing: how the wish is typed.
--
--   help lr          help("lr")
--   tweak lr=3e-5    `:tweak lr=3e-5`: it changes the run, so it is a command
--   lr = 3e-5        a name of the terminal's own would change nothing: refused with `:tweak lr=3e-5`
--   quit, exit       `:quit`; the program at the terminal leaves, not the run

local schema = require "lorarun.schema"
local spellings = require "lorarun.spellings"

local repl_words = {}

local LEAVE = "`:quit` or Ctrl-D leaves, and the run goes on; `:stop` ends the run with everything saved"

--- Words that are typed as if they were commands, and the command.
local COMMAND_OF = { tweak = ":tweak lr=3e-5", untweak = ":untweak 1", pause = ":pause", continue = ":continue", resume = ":continue",
  stop = ":stop", save = ":save", render = ":render", status = ":status", write = ":write", read = ":read", set = ":tweak lr=3e-5" }

local LEAVING = { quit = true, exit = true, q = true, bye = true, logout = true, [":exit"] = true, [":q!"] = true, [":wq"] = true }

--- Whether the knob of a key can be tweaked: a knob, or a setting that may change while the run goes.
local function knob_of(key)
  local knob = spellings.knob(key)
  local first = knob:match("^[^.]+")
  local s = schema.find(first)
  return (schema.find_knob(first) or (s and s.live)) and knob or nil
end

--- Raises the error of an assignment to what the run decides.
---@param key string?     its name, where it has one that a tweak could have
---@param value any
function repl_words.fail_assignment(key, value)
  key = key and key:gsub("^settings%.", "")
  local knob = key and knob_of(key)
  local number = type(value) == "number" and ("%.6g"):format(value) or type(value) == "boolean" and tostring(value) or "…"
  if knob then error(("this is read-only: `:tweak %s=%s` changes it from the next step on"):format(knob, number), 0) end
  local setting = key and spellings.schema_name(key)
  if setting and schema.changes(setting) == "reload" then
    error(("this is read-only: edit %s in the recipe and save it, the next step uses it"):format(key), 0)
  elseif setting then
    error(("this is read-only: %s cannot change while the run goes"):format(key), 0)
  end
  error("this is read-only: `:tweak KEY=VALUE` changes a knob, `:write` allows everything", 0)
end

--- Refuses a name of the terminal's own that people would take for a knob.
---@param name string
---@param value any
function repl_words.check_name(name, value)
  local is_value = type(value) == "number" or type(value) == "boolean" -- a table `weights` may well be the terminal's own
  if type(name) ~= "string" or not is_value or not knob_of(name) then return end
  repl_words.fail_assignment(name, value)
end

--- Gives what is said to a line that is meant as a command; and whether that is an error.
---@param text string
---@param own table   names that the terminal made: they stand before words
---@return string? said
---@return boolean? is_error
function repl_words.of_line(text, own)
  local line = text:match("^%s*(.-)%s*;?%s*$"):gsub("%(%)$", "")
  if rawget(own, line:match("^%a+") or "") ~= nil then return nil end
  if LEAVING[line] then return LEAVE, false end
  if line == "help" then return require("lorarun.repl_facts").help(), false end
  local topic = line:match('^:?help%s+"?([%w_.:]+)"?$')
  if topic then return require("lorarun.repl_facts").help(topic), false end
  local word, rest = line:match("^(%a+)%s*(.*)$")
  local command = word and COMMAND_OF[word]
  if not command or rest:find("^[=.(%[{]") then return nil end
  local typed = ":" .. word .. (rest ~= "" and " " .. rest or "")
  local is_whole = rest ~= "" and command:find("^:" .. word)
  return ("commands begin with a colon: `%s`"):format(is_whole and typed or command), true
end

return repl_words
