--- Gives the parts of the drawn world by name, each loaded once: part "world", part "canvas", …
--
--   local part = dofile("examples/creatures/draw/init.lua")
--   local world = part "world"

local here = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or "."
local loaded = {}

local function part(name)
  if loaded[name] == nil then
    loaded[name] = assert(loadfile(here .. "/" .. name .. ".lua"))(part)
  end
  return loaded[name]
end

return part
