--- Some of the pictures that a run trained on, with the words that stood for them.
--
-- Which pictures they were is what the metrics say; a file that is gone since is left out.

local samples = require "lorarun.report.samples"

local training_set = {}

local system = lorarun.system

local MOST_PICTURES, MOST_BYTES = 12, 4096

local function read_caption(path)
  local text = path:gsub("%.[^./]*$", "") .. ".txt"
  local file = io.open(text, "rb")
  if not file then return nil end
  local words = (file:read(MOST_BYTES) or ""):gsub("%s+$", "")
  file:close()
  return words
end

--- As runtime/data/caption.h says it: trigger and class filled in, the trigger in front where it is not named.
local function caption_of(set, path)
  local has_trigger = set.trigger ~= "" and not set.prior
  local text = read_caption(path)
  if not text then text = set.caption ~= "" and set.caption or has_trigger and "{trigger} {class}" or "{class}" end
  local words = { ["{trigger}"] = set.prior and "" or set.trigger, ["{class}"] = set.class }
  text = text:gsub("{%a+}", words)
  if has_trigger and not text:find(set.trigger, 1, true) then text = set.trigger .. (text ~= "" and ", " .. text or "") end
  return text
end

--- The pictures of a set that were trained on: { name, path }.
local function found_in(set, names)
  local found = {}
  for _, name in ipairs(names) do
    local path = set.dir and set.dir .. "/" .. name
    if path and system.exists(path) then found[#found + 1] = { name = name, path = path } end
  end
  return found
end

local function title_of(set, count, shown)
  local folder = set.dir:match("([^/]+)/*$") or set.dir
  local some = shown < count and (", %d of them here"):format(shown) or ""
  return ("%s: %d picture%s%s%s"):format(folder, count, count == 1 and "" or "s", some, set.prior and ", to keep what the base knows" or "")
end

local function shown_set(set, names)
  local all = found_in(set, names)
  if #all == 0 then return nil end
  local shown = samples.spread(all, MOST_PICTURES)
  for _, one in ipairs(shown) do one.caption = caption_of(set, one.path) end
  return { title = title_of(set, #all, #shown), pictures = shown }
end

--- A set that a script draws is told, not shown: its pictures may be gone, and a report draws none.
local function drawn_set(set)
  local script = tostring(set.script):match("([^/]+)$")
  return { title = ("%d pictures that %s draws, seed %d"):format(set.count, script, set.seed or 1), pictures = {} }
end

--- Gives { { title, pictures = { { name, path, caption }, … } }, … } of the data sets whose pictures are still there.
---@param facts table   of facts.of
function training_set.of(facts)
  local sets = {}
  for _, set in ipairs(facts.settings and facts.settings.data or {}) do
    sets[#sets + 1] = set.kind == "drawn" and drawn_set(set) or shown_set(set, facts.pictures)
  end
  return sets
end

return training_set
