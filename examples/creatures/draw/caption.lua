--- What a caption says of a picture, in several phrasings chosen by the picture's key.
--
--   "a green round creature with two horns, sitting on grass at night"
--
-- Phrasings 1 to 5 say every attribute that is worth a word; 6 is short: colour, shape, pose, place and time.

local caption = {}

local tensor = lorarun.tensor

caption.PHRASINGS = 6

local says = {
  shape = { pear = "pear-shaped" },
  top = { horns = "two horns", horn = "one horn" },
  eyes = { big = "big eyes", sleepy = "sleepy eyes", one = "one eye", happy = "happy eyes" },
  tail = { curly = "a curly tail", bushy = "a bushy tail", dragon = "a dragon tail" },
  pattern = { ["pale belly"] = "a pale belly" },
  place = { grass = "on grass", forest = "in a forest", beach = "on a beach", snow = "in the snow", desert = "in a desert",
    mountains = "in the mountains", street = "on a street", room = "in a room", moon = "on the moon" },
  time = { day = "by day", sunset = "at sunset", night = "at night" },
  weather = { rain = "in the rain", snowfall = "in falling snow" },
  view = { left = "looking left", right = "looking right" },
}

local function say(at, name) return says[name] and says[name][at[name]] or at[name] end

local UNSAID = { eyes = "dot", size = "medium", view = "front", weather = "clear" }

local function told(at, name) return at[name] ~= nil and at[name] ~= "none" and at[name] ~= UNSAID[name] end

local function listed(items)
  if #items < 2 then return items[1] end
  return table.concat(items, ", ", 1, #items - 1) .. " and " .. items[#items]
end

local function article(word) return (word:find("^[aeiou]") and "an " or "a ") .. word end

local function is_skin(pattern) return pattern == "spotted" or pattern == "striped" end

-- "big green round spotted creature"; a named character is only its name.
local function noun(at, swapped)
  if at.character then return (told(at, "size") and at.size .. " " or "") .. at.character .. " creature" end
  local words = {}
  if told(at, "size") then words[#words + 1] = at.size end
  local shape, colour = say(at, "shape"), at.colour
  words[#words + 1], words[#words + 2] = swapped and shape or colour, swapped and colour or shape
  if told(at, "pattern") and is_skin(at.pattern) then words[#words + 1] = at.pattern end
  words[#words + 1] = "creature"
  return table.concat(words, " ")
end

local function parts(at)
  local items = {}
  if at.character then return items end
  for _, name in ipairs({ "top", "eyes", "tail", "pattern" }) do
    if told(at, name) and not is_skin(at[name]) then items[#items + 1] = say(at, name) end
  end
  return items
end

local function clothes(at)
  if not told(at, "wear") then return nil end
  return article((told(at, "wear_colour") and at.wear_colour .. " " or "") .. at.wear)
end

-- "on grass in the rain at night"; the day is said in some phrasings only, and never on the moon.
local function where(at, says_day)
  local words = { say(at, "place") }
  if told(at, "weather") then words[#words + 1] = say(at, "weather") end
  if at.place ~= "moon" and (at.time ~= "day" or says_day) then words[#words + 1] = say(at, "time") end
  return table.concat(words, " ")
end

local function doing(at)
  local words = at.pose
  if told(at, "object") then words = words .. " next to " .. article(at.object) end
  return words
end

local function view(at, before) return told(at, "view") and before .. say(at, "view") or "" end

local function with(at)
  local items, worn = parts(at), clothes(at)
  local text = #items > 0 and " with " .. listed(items) or ""
  return worn and text .. (#items > 0 and "," or "") .. " wearing " .. worn or text
end

local phrasings = {
  function(at) return article(noun(at)) .. with(at) .. ", " .. doing(at) .. " " .. where(at) .. view(at, ", ") end,
  function(at)
    local first, last = article(noun(at, true)) .. " " .. doing(at) .. " " .. where(at, true), with(at)
    return first .. view(at, ", ") .. (last ~= "" and "," or "") .. last
  end,
  function(at) return where(at) .. ", " .. article(noun(at)) .. with(at) .. ", " .. doing(at) .. view(at, " and ") end,
  function(at)
    local first = "a picture of " .. article(noun(at)) .. with(at)
    return first .. ", " .. doing(at) .. " " .. where(at, true) .. view(at, " and ")
  end,
  function(at)
    local items, worn = parts(at), clothes(at)
    if #items > 0 then items = { "it has " .. listed(items) } end
    if worn then items[#items + 1] = "it wears " .. worn end
    local first = article(noun(at)) .. " is " .. doing(at) .. " " .. where(at) .. view(at, ", ")
    return first .. (#items > 0 and ". " or "") .. table.concat(items, ", ")
  end,
  function(at)
    local short = {}
    for _, name in ipairs({ "character", "colour", "shape", "pose", "place", "time" }) do short[name] = at[name] end
    return article(noun(short)) .. ", " .. doing(short) .. " " .. where(short)
  end,
}

--- Gives the caption of attributes; the phrasing follows from their key unless one is asked for.
---@param at table
---@param phrasing? integer   1 … 6
---@return string
function caption.of(at, phrasing)
  phrasing = phrasing or 1 + math.floor(caption.PHRASINGS
    * tensor.uniform({ 1 }, { seed = at.seed, stream = "creatures/phrasing", sample = at.index }):item())
  return phrasings[phrasing](at)
end

return caption
