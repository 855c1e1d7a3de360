--- What a file is that is given as a recipe and is none.
--
--   by its ending    weights, pictures: refused before a byte is read
--   by its text      a job of ai-toolkit, settings of kohya, a workflow, a script: named, and those of its settings that
--                    have a name here are written in it
--   by its bytes     UTF-16 or another encoding, which editors on other systems write: the line is named
--
-- A text that says `recipe {` is taken for one, whatever its file is called.

local spellings = require "lorarun.spellings"

local foreign_file = {}

local system = lorarun.system

local MOST_TRANSLATED = 6
local PICTURE = { "a picture", "a recipe names the folder of pictures: data = { images { dir = \"photos\" } }, or --data photos" }
local WEIGHTS = { "a file of weights", "`lorarun inspect %s` says what is in it; a recipe names it by a path" }
local BY_ENDING = {
  safetensors = { "a file of weights", "`lorarun inspect %s` says what is in it; `lorarun rerun %s` trains again from the recipe " ..
    "that a LoRA of lorarun carries" },
  ckpt = WEIGHTS, pt = WEIGHTS, pth = WEIGHTS, bin = WEIGHTS, gguf = WEIGHTS,
  png = PICTURE, jpg = PICTURE, jpeg = PICTURE, webp = PICTURE, bmp = PICTURE, gif = PICTURE, tif = PICTURE, tiff = PICTURE,
  heic = PICTURE, avif = PICTURE,
}

--- Texts of other programs, by what they hold; the first that fits names it.
local TEXTS = {
  { "a job of ai-toolkit", { "sd_trainer", "job:%s*extension", "trainer_extension" }, true },
  { "a configuration of OneTrainer", { '"training_method"', '"concept_file_name"' }, true },
  { "a configuration of SimpleTuner", { '"%-%-model_family"', '"model_family"', "multidatabackend" }, true },
  { "a data set configuration of kohya's scripts", { "%[%[datasets%]%]", "%[%[datasets%.subsets%]%]" }, true },
  { "a configuration of kohya's scripts", { "network_module", "pretrained_model_name_or_path", '"LoRA_type"', "network_dim" }, true },
  { "a workflow of ComfyUI", { '"class_type"', '"last_node_id"' } },
  { "the manifest of a run", { '"structure"%s*:' }, false, "`lorarun FOLDER` goes on with the run of that folder" },
  { "the journal of a run", { '^{"[^\n]*"event":' }, false, "`lorarun log RUN` shows it" },
  { "a shell script", { "^#!%S*sh", "accelerate launch" }, true },
  { "a script in Python", { "^#!%S*python", "^import [%w_]+", "^from [%w_.]+ import", "\nimport [%w_]+\n" } },
}

local BY_TEXT_ENDING = { yaml = "a file in YAML", yml = "a file in YAML", toml = "a file in TOML", json = "a file in JSON",
  jsonl = "a file in JSON", txt = "a text, perhaps a caption", md = "a text in Markdown", csv = "a table", py = "a script in Python",
  sh = "a shell script" }

local function fail(what, path, fix)
  lorarun.fail { what = what, where = path, fix = fix }
end

local function ending_of(path) return (path:match("%.(%w+)$") or ""):lower() end

--- Refuses a file whose name says that it is no text.
---@param path string
function foreign_file.check_name(path)
  local known = BY_ENDING[ending_of(path)]
  if known then fail(("this is %s, not a recipe"):format(known[1]), path, (known[2]:gsub("%%s", (path:gsub("%%", "%%%%"))))) end
  if system.is_folder(path) then
    fail("this folder holds no recipe.lua", path, "name the recipe; a folder of pictures is given to it: lorarun RECIPE --data " .. path)
  end
end

--- The settings of a foreign text that have a name here: { "linear = 16 is network.rank", … }.
local function translated(text)
  local lines, seen = {}, {}
  for line in text:gmatch("[^\r\n]+") do
    local key, value = line:match("^[%-%s{,\"']*([%a_]+)[\"']?%s*[:=%s]%s*[\"']?([%w%.+%-_/]+)")
    key, value = key or "", value or ""
    local name, is_value = spellings.foreign(key), tonumber(value) or value:find("/", 1, true)
    if name and is_value and not seen[name] and #lines < MOST_TRANSLATED then
      seen[name] = true
      lines[#lines + 1] = ("%s = %s is %s"):format(key, value, name)
    end
  end
  return lines
end

local function holds(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then return true end
  end
  return false
end

local function recipe_words(settings_text)
  local lines = translated(settings_text)
  return "write a recipe, which is a text in Lua: docs/getting_started.md begins with one"
    .. (#lines > 0 and "; here " .. table.concat(lines, ", ") or "")
end

local function check_text_kind(path, text)
  if text:find("%f[%w_]recipe%s*[{(]") or ending_of(path) == "lua" then return end
  for _, kind in ipairs(TEXTS) do
    local what, patterns, has_settings, fix = kind[1], kind[2], kind[3], kind[4]
    if holds(text, patterns) then
      fail(("this is %s, not a recipe"):format(what), path, fix or recipe_words(has_settings and text or ""))
    end
  end
  local by_ending = BY_TEXT_ENDING[ending_of(path)]
  if by_ending then fail(("this is %s, not a recipe"):format(by_ending), path, recipe_words "") end
end

local CONTINUED = "[\128-\191]"
local SEQUENCES = { "^[\194-\223]" .. CONTINUED, "^\224[\160-\191]" .. CONTINUED, "^[\225-\236\238\239]" .. CONTINUED:rep(2),
  "^\237[\128-\159]" .. CONTINUED, "^\240[\144-\191]" .. CONTINUED:rep(2), "^[\241-\243]" .. CONTINUED:rep(3),
  "^\244[\128-\143]" .. CONTINUED:rep(2) }

local function end_of_character(text, i)
  for _, sequence in ipairs(SEQUENCES) do
    local _, last = text:find(sequence, i)
    if last then return last end
  end
end

--- Gives the place of the first byte that is no UTF-8, or nothing.
---@param text string
---@return integer?
function foreign_file.first_bad_byte(text)
  local i = text:find("[%z\128-\255]")
  while i do
    local last = text:byte(i) ~= 0 and end_of_character(text, i)
    if not last then return i end
    i = text:find("[%z\128-\255]", last + 1)
  end
end

local function line_at(text, place)
  local _, count = text:sub(1, place):gsub("\n", "")
  return count + 1
end

local function check_encoding(path, text)
  if text:find("^\255\254") or text:find("^\254\255") then
    fail("this text is in UTF-16", path, "save it as UTF-8")
  end
  local bad = foreign_file.first_bad_byte(text)
  if not bad then return end
  local is_binary = text:sub(1, 4096):find("[%z\1-\8]") ~= nil
  if is_binary then fail("this is no text, so no recipe", path, "`lorarun inspect FILE` names weights; a recipe is a .lua file") end
  fail("this text is not in UTF-8", ("%s:%d"):format(path, line_at(text, bad)), "save it as UTF-8; your editor may call it an encoding")
end

--- Refuses a text that no recipe can be, by what it is.
---@param path string
---@param text string
function foreign_file.check_text(path, text)
  check_encoding(path, text)
  check_text_kind(path, text)
end

return foreign_file
