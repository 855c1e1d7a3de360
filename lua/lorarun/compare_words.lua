--- What a comparison says of events, evaluations and checkpoints, for terminal and page: many alike are one row.
--
--   { at = "step 30", text = … }       { at = "steps 30–60", text = … }

local folded = require "lorarun.folded"
local journal = require "lorarun.journal"

local compare_words = {}

local function at(list)
  if not list[2] then return "step " .. list[1].step end
  return ("steps %d–%d"):format(list[1].step, list[#list].step)
end

local function plain(text) return (text:gsub("%s*\n%s*", "  "):gsub("%c", " ")) end

--- Gives rows of the events that one run has and the other has not.
---@param events table[]
---@return { at: string, text: string }[]
function compare_words.events(events)
  local rows = {}
  for i, list in ipairs(folded.of(events)) do
    local text = list[2] and journal.say_together(list) or journal.say(list[1])
    rows[i] = { at = at(list), text = list[1].event .. " " .. plain(text) }
  end
  return rows
end

--- Gives rows of what both measured; values that are equal again and again are one.
---@param evaluations table[]   of compare.pair
---@return { at: string, metric: string, first: number, second: number }[]
function compare_words.evaluations(evaluations)
  local rows, alone = {}, 0
  local function kind(e)
    alone = alone + 1
    return e.first == e.second and e.metric or alone
  end
  for i, list in ipairs(folded.neighbours(evaluations, kind)) do
    local metric = list[1].metric .. (list[2] and (", equal %d times, the last"):format(#list) or "")
    rows[i] = { at = at(list), metric = metric, first = list[#list].first, second = list[#list].second }
  end
  return rows
end

local function tensors_text(list)
  local first, last = list[1], list[#list]
  local count = list[2] and (" in %d checkpoints"):format(#list) or ""
  if first.equal then return "tensors equal to the bit" .. count end
  if first.what then return first.what .. count end
  local from = list[2] and ("%.3g to "):format(first.relative) or ""
  return ("tensors differ by %s%.3g of their norm%s"):format(from, last.relative, count)
end

--- Gives rows of the checkpoints that both have.
---@param checkpoints table[]   of compare.pair
---@return { at: string, text: string }[]
function compare_words.checkpoints(checkpoints)
  local rows = {}
  local function kind(c) return c.equal and "equal" or c.what or "differ" end
  for i, list in ipairs(folded.neighbours(checkpoints, kind)) do rows[i] = { at = at(list), text = tensors_text(list) } end
  return rows
end

return compare_words
