--- What is said when a recipe's text does not open, where the sandbox cannot know it.
--
--   nothing is named 'sdxl'      a kind of other trainers: not there yet, and what is
--   invalid escape sequence      a path of Windows between quotes
--   flux "models/base"           a constructor that was given a text

local elsewhere = require "lorarun.elsewhere"

local policy_words = {}

local BACKSLASH = 'in Lua "\\" begins a code: write "/" instead, or [[C:\\Users]] between double brackets'

local EXAMPLES = { images = 'images { dir = "photos" }', flux = 'flux { path = "models/FLUX.1-dev" }', lora = "lora { rank = 16 }",
  adamw = "adamw { lr = 1e-4 }" }

--- Gives the words for a problem's own: { what, fix }, either may be absent; nothing when they are good as they are.
local function words_for(text)
  local name = text:match("nothing is named '([^']+)' in a recipe")
  if name then return elsewhere.words(name) end
  if text:find("invalid escape sequence", 1, true) then return { fix = BACKSLASH } end
  local kind = text:match("^([%w_]+) takes a table")
  if kind then return { fix = "write " .. (EXAMPLES[kind] or kind .. " { … = … }") } end
end

--- Raises the error of a recipe that did not open, in better words where there are some.
---@param problem any   what policy.open raised
function policy_words.fail(problem)
  local what = type(problem) == "table" and problem.what or tostring(problem)
  local words = words_for(what)
  if not words or type(problem) ~= "table" then error(problem, 0) end
  lorarun.fail { what = words.what or what, where = problem.where, fix = words.fix or problem.fix, exit_code = problem.exit_code }
end

return policy_words
