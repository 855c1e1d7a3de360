--- `lorarun RECIPE --help`: the params that the recipe declares, then all settings out of the schema.

local params = require "lorarun.params"
local recipe = require "lorarun.recipe"
local ready_policies = require "lorarun.ready_policies"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"

local help = {}

local function default_text(s)
  if s.required then return "required" end
  if s.default == nil then return "" end
  if type(s.default) == "table" then
    return s.default.kind or "{ " .. table.concat(s.default, ", ") .. " }"
  end
  return tostring(s.default)
end

local function option_text(row)
  return row.name .. (row.default ~= nil and " = " .. tostring(row.default) or "") .. " (" .. row.doc .. ")"
end

local function add_schedules(lines)
  for _, name in ipairs(schema.kinds "schedule") do
    local texts = {}
    for i, row in ipairs(schedule.options(name)) do texts[i] = option_text(row) end
    local items = schedule.law(name).items or {}
    if items.each then texts[#texts + 1] = "a list of " .. items.each.doc end
    for _, item in ipairs(items) do texts[#texts + 1] = item.doc end
    if #texts > 0 then lines[#lines + 1] = ("%-24s %s"):format(name .. " {}", table.concat(texts, ", ")) end
  end
  local texts = {}
  for i, row in ipairs(schedule.options()) do texts[i] = option_text(row) end
  lines[#lines + 1] = ("%-24s %s"):format("every schedule {}", table.concat(texts, ", "))
end

local function add_policies(lines)
  for _, name in ipairs(schema.kinds "policies") do
    local texts = {}
    for i, row in ipairs(ready_policies.options(name)) do texts[i] = option_text(row) end
    lines[#lines + 1] = ("%-24s %s"):format(name .. " {}", table.concat(texts, ", "))
  end
end

--- Gives the lines of the list.
---@return string[]
function help.lines()
  local lines = { ("%-24s %-8s %-10s %s"):format("setting", "type", "default", "meaning  (* may change while training)") }
  for _, s in ipairs(schema.settings) do
    local unit = s.unit and (" [" .. s.unit .. "]") or ""
    lines[#lines + 1] = ("%-24s %-8s %-10s %s%s%s"):format(s.name, s.type, default_text(s), s.doc, unit,
      s.live and " *" or "")
  end
  for _, registry in ipairs { "family", "network", "optimizer", "timesteps", "loss", "schedule", "policies", "metric" } do
    lines[#lines + 1] = ("%-24s %s"):format(registry .. " kinds", table.concat(schema.kinds(registry), ", "))
  end
  add_schedules(lines)
  add_policies(lines)
  return lines
end

--- Prints the params that the recipe declares, then all settings.
---@param options table   of the command line
function help.print(options)
  local opened = recipe.declare { recipe = options.recipe, set = options.set, lenient = true }
  local lines = params.lines(opened.params)
  if #lines > 0 then lines[#lines + 1] = "" end
  print(table.concat(lines, "\n") .. "\n" .. table.concat(help.lines(), "\n"))
  return 0
end

return help
