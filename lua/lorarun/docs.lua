--- The pages that are made, not written: docs/lua_api/*.md out of lua/meta, the
--- page of all settings and the editor's types of recipes out of the schema.
--
--   lorarun --write-docs [FOLDER]     FOLDER holds docs/ and lua/ (default: the program's own)

local help = require "lorarun.help"
local ready_policies = require "lorarun.ready_policies"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"
local switched_off = require "lorarun.switched_off"

local docs = {}

local system = lorarun.system

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

local function entry_text(entry)
  local out = { "### `" .. entry.signature .. "`", "", table.concat(entry.text, " "), "" }
  for _, note in ipairs(entry.notes) do out[#out + 1] = "- " .. note end
  if #entry.notes > 0 then out[#out + 1] = "" end
  return table.concat(out, "\n")
end

local function note_of(line)
  local name, kind = line:match("^%-%-%-@param ([%w_?]+) (.+)$")
  if name then return "`" .. name .. "`: " .. kind:gsub("   .*", "") end
  local given = line:match("^%-%-%-@return (.+)$")
  if given then return "gives " .. given end
end

local function class_line(line)
  local name = line:match("^%-%-%-@class ([%w_.]+)")
  if name then return "## " .. name end
  local field, rest = line:match("^%-%-%-@field ([%w_]+) (.+)$")
  if field then return "- `" .. field .. "`: " .. rest:gsub("%s%s+", ", ") end
end

--- Gives the page of one meta file.
---@param text string
---@param stem string
---@return string
function docs.page(text, stem)
  local out = { "# " .. stem, "", "Made by `lorarun --write-docs` from lua/meta/" .. stem .. ".lua.", "" }
  local about, notes = {}, {}
  for _, line in ipairs(lines_of(text)) do
    local signature = line:match("^function (.+) end$")
    local said = line:match("^%-%-%- (.*)$")
    if signature then
      out[#out + 1] = entry_text { signature = signature, text = about, notes = notes }
      about, notes = {}, {}
    elseif said then
      about[#about + 1] = said
    elseif note_of(line) then
      notes[#notes + 1] = note_of(line)
    elseif class_line(line) then
      if line:match("@class") and #about == 0 then out[#out + 1] = "" end
      out[#out + 1] = class_line(line)
      if #about > 0 then out[#out + 1] = "\n" .. table.concat(about, " ") .. "\n" end
      about = {}
    elseif line == "" then
      if #about > 0 then out[#out + 1] = table.concat(about, " ") .. "\n" end
      if out[#out]:sub(1, 2) == "- " then out[#out + 1] = "" end
      about, notes = {}, {}
    end
  end
  return (table.concat(out, "\n"):gsub("\n\n\n+", "\n\n"):gsub("%s*$", "\n"))
end

--- Gives the page of all settings.
function docs.settings()
  return "# Settings of a recipe\n\nMade by `lorarun --write-docs` from lua/lorarun/schema.lua; `lorarun RECIPE.lua --help` "
    .. "prints the same.\n\n```\n" .. table.concat(help.lines(), "\n") .. "\n```\n"
end

local TYPES = { text = "string", path = "string", integer = "integer", number = "number", flag = "boolean",
  list = "table", sizes = "integer|integer[]", table = "table", kind = "table|string", sets = "table[]",
  hook = "fun(state: lorarun.State, run: lorarun.Run): lorarun.Knobs?", phases = "lorarun.Phase[]",
  group = "boolean|{ lr: number?, train: boolean? }", factors = "table<string, number>", cadence = "false|{ every: integer }",
  reason = "string", schedule = "lorarun.recipe.schedule", policies = "table[]", knobs = "lorarun.Knobs" }

local function class_of(parent) return "lorarun.recipe." .. parent:gsub("%[%]", "") end

local function field_type(s)
  if s.kinds == "schedule" then return "lorarun.recipe.schedule|string" end
  if (s.type == "kind" or s.type == "table") and #schema.keys(s.name) > 0 then
    return class_of(s.name) .. (switched_off.NAMES[s.name] and "|false" or "")
  end
  return TYPES[s.type]
end

local function class_lines(prefix, name, out)
  out[#out + 1] = "---@class " .. name
  for _, key in ipairs(schema.keys(prefix)) do
    local s = schema.find(prefix == "" and key or prefix .. "." .. key)
    out[#out + 1] = ("---@field %s %s%s   %s"):format(key, field_type(s), s.required and "" or "?", s.doc)
  end
  out[#out + 1] = ""
end

local function named_lines(name, lists, out)
  out[#out + 1] = "---@class " .. name
  for _, list in ipairs(lists) do
    for _, s in ipairs(list) do
      out[#out + 1] = ("---@field %s %s?   %s"):format(s.name, s.type == "kind" and "table" or TYPES[s.type], s.doc)
    end
  end
  out[#out + 1] = ""
end

local function live_settings()
  local live = {}
  for _, s in ipairs(schema.settings) do
    if s.live and not s.name:find(".", 1, true) then live[#live + 1] = s end
  end
  return live
end

--- The types of what hooks give and take.
local function policy_types(out)
  out[#out + 1] = "--- Plain data of the policy's own, saved with the run.\n---@alias lorarun.State table\n"
  named_lines("lorarun.Run", { schema.run_facts }, out)
  named_lines("lorarun.Knobs", { schema.knobs, live_settings() }, out)
  out[#out + 1] = "---@class lorarun.Phase: lorarun.Knobs"
  for _, s in ipairs(schema.phase_borders) do
    out[#out + 1] = ("---@field %s number?   %s"):format(s.name, s.doc)
  end
  out[#out + 1] = "\n---@param phase lorarun.Phase\n---@return lorarun.Phase\nfunction phase(phase) end\n"
end

local function option_lines(rows, out)
  for _, row in ipairs(rows) do
    out[#out + 1] = ("---@field %s %s%s   %s"):format(row.name, TYPES[row.type], row.required and "" or "?", row.doc)
  end
end

local function item_lines(items, out)
  if items.each then out[#out + 1] = ("---@field [integer] %s   %s"):format(TYPES[items.each.type], items.each.doc) end
  for i, item in ipairs(items) do out[#out + 1] = ("---@field [%d] %s   %s"):format(i, TYPES[item.type], item.doc) end
end

--- The types of schedules, out of their own files.
local function schedule_types(out)
  out[#out + 1] = "---@class lorarun.recipe.schedule"
  option_lines(schedule.options(), out)
  out[#out + 1] = ""
  for _, name in ipairs(schema.kinds "schedule") do
    out[#out + 1] = "---@class lorarun.recipe.schedule." .. name .. ": lorarun.recipe.schedule"
    option_lines(schedule.options(name), out)
    item_lines(schedule.law(name).items or {}, out)
    out[#out + 1] = ("\n---@param options? lorarun.recipe.schedule.%s\n---@return lorarun.recipe.schedule\nfunction %s(options) end\n")
      :format(name, name)
  end
end

--- The types of ready policies, out of their own files, and of the two that stand for settings.
local function ready_policy_types(out)
  for _, name in ipairs(schema.kinds "policies") do
    out[#out + 1] = "---@class lorarun.recipe.policies." .. name
    option_lines(ready_policies.options(name), out)
    out[#out + 1] = ("\n---@param options? lorarun.recipe.policies.%s\nfunction %s(options) end\n"):format(name, name)
  end
  out[#out + 1] = "--- on.evaluate = every { steps = 250 }: as evaluate.every\n---@param options { steps: integer }\n"
    .. "function every(options) end\n"
  out[#out + 1] = "--- on.select = best { by = \"heldout_loss\", keep = 3 }: as keep_best\n"
    .. "---@param options { by: string, keep: integer? }\nfunction best(options) end\n"
end

--- Gives the editor's types of recipes: lua/meta/recipe.lua.
function docs.recipe_types()
  local out = { "---@meta lorarun.recipe", "", "-- Made by `lorarun --write-docs` from lua/lorarun/schema.lua.", "" }
  class_lines("", "lorarun.recipe", out)
  for _, s in ipairs(schema.settings) do
    local prefix = s.type == "sets" and s.name .. "[]" or s.name
    if #schema.keys(prefix) > 0 then class_lines(prefix, class_of(prefix), out) end
  end
  policy_types(out)
  out[#out + 1] = "---@param settings lorarun.recipe\n---@return lorarun.recipe\nfunction recipe(settings) end\n"
  local parents = { family = "model", network = "network", objective = "objective", optimizer = "optimizer",
    timesteps = "timesteps", loss = "loss", data = "data[]" }
  schedule_types(out)
  ready_policy_types(out)
  for _, registry in ipairs { "family", "network", "objective", "optimizer", "timesteps", "loss", "data" } do
    for _, kind in ipairs(schema.kinds(registry)) do
      out[#out + 1] = ("---@param options? %s\nfunction %s(options) end\n"):format(class_of(parents[registry]), kind)
    end
  end
  return table.concat(out, "\n")
end

--- Gives all made pages: {["docs/lua_api/tensor.md"] = text, …}.
function docs.all()
  local pages, folder = {}, system.share() .. "/lua/meta"
  for _, file in ipairs(system.list(folder)) do
    local stem = file:match("^(.+)%.lua$")
    if stem and stem ~= "recipe" then
      pages["docs/lua_api/" .. stem .. ".md"] = docs.page(system.read(folder .. "/" .. file), stem)
    end
  end
  pages["docs/lua_api/settings.md"] = docs.settings()
  pages["lua/meta/recipe.lua"] = docs.recipe_types()
  return pages
end

--- Writes them.
function docs.write(folders)
  local root = folders[1] or system.share()
  for path, text in pairs(docs.all()) do system.write(root .. "/" .. path, text) end
  return 0
end

return docs
