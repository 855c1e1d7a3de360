--- A journal with what repeats in one line: 419 decisions of one falling rate are a line with first, last and count.
--
--   start                        what somebody did, or that ends something, stands for itself
--   evaluate  ┐
--   select    ├ again and again  what a run does by itself is one line per kind and key, at the place of its first,
--   decision  ┘                  up to the next line of the other sort
--   tweak
--
-- Three of a kind are still three lines: there is nothing to gain.

local folded = {}

local FOLD_FROM = 4
local BY_ITSELF = { checkpoint = true, decision = true, encoder = true, evaluate = true, render = true, select = true, warn = true }

local function kind_of(event) return ("%s %s %s"):format(event.event, event.origin or "", tostring(event.key or "")) end

--- Puts the groups of a stretch into the list, each where its first event is.
local function add_stretch(list, stretch)
  local placed = {}
  for _, group in ipairs(stretch) do
    if #group.events >= FOLD_FROM then
      placed[#placed + 1] = { at = group.at[1], events = group.events }
    else
      for i, event in ipairs(group.events) do placed[#placed + 1] = { at = group.at[i], events = { event } } end
    end
  end
  table.sort(placed, function(a, b) return a.at < b.at end)
  for _, one in ipairs(placed) do list[#list + 1] = one.events end
end

--- Gives a list of lists: events that are one line together, in their order.
---@param events table[]
---@return table[][]
function folded.of(events)
  local list, stretch, by_kind = {}, {}, {}
  for i, event in ipairs(events) do
    if BY_ITSELF[event.event] then
      local kind = kind_of(event)
      if not by_kind[kind] then
        by_kind[kind] = { events = {}, at = {} }
        stretch[#stretch + 1] = by_kind[kind]
      end
      table.insert(by_kind[kind].events, event)
      table.insert(by_kind[kind].at, i)
    else
      add_stretch(list, stretch)
      list[#list + 1], stretch, by_kind = { event }, {}, {}
    end
  end
  add_stretch(list, stretch)
  return list
end

--- Gives a list of lists of things in their order: neighbours of one kind are together, where they are many.
---@param things any[]
---@param kind fun(thing: any): any
---@return any[][]
function folded.neighbours(things, kind)
  local list, run = {}, {}
  local function close()
    if #run >= FOLD_FROM then
      list[#list + 1] = run
    else
      for _, thing in ipairs(run) do list[#list + 1] = { thing } end
    end
    run = {}
  end
  for _, thing in ipairs(things) do
    if run[1] and kind(run[1]) ~= kind(thing) then close() end
    run[#run + 1] = thing
  end
  close()
  return list
end

--- Gives each event as a line of its own.
---@param events table[]
---@return table[][]
function folded.apart(events)
  local list = {}
  for i, event in ipairs(events) do list[i] = { event } end
  return list
end

return folded
