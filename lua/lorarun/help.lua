--- `lorarun RECIPE --help`: all settings of a recipe, out of the schema.

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

--- Gives the lines of the list.
---@return string[]
function help.lines()
  local lines = { ("%-24s %-8s %-10s %s"):format("setting", "type", "default", "meaning  (* may change while training)") }
  for _, s in ipairs(schema.settings) do
    local unit = s.unit and (" [" .. s.unit .. "]") or ""
    lines[#lines + 1] = ("%-24s %-8s %-10s %s%s%s"):format(s.name, s.type, default_text(s), s.doc, unit,
      s.live and " *" or "")
  end
  for _, registry in ipairs { "family", "network", "optimizer", "timesteps", "loss", "schedule" } do
    lines[#lines + 1] = ("%-24s %s"):format(registry .. " kinds", table.concat(schema.kinds(registry), ", "))
  end
  return lines
end

function help.print()
  print(table.concat(help.lines(), "\n"))
  return 0
end

return help
