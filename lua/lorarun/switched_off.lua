--- What a recipe switches off: `render = false`, `evaluate = { every = 0 }`, `save = false`.
--
--   render, evaluate   as if they were not there
--   save               the last step only, which is always saved: a cadence of 0
--
-- Pictures without a prompt are off too, and that is said. The declaration is changed before it is checked, so that
-- everything behind it knows two cases only: there, or not there.

local switched_off = {}

--- Settings that may be `false`.
switched_off.NAMES = { evaluate = true, render = true, save = true }

local function is_off(value) return value == false or (type(value) == "table" and tonumber(value.every) == 0) end

local function has_no_prompts(render)
  return type(render) == "table" and type(render.prompts) == "table" and next(render.prompts) == nil
end

--- Takes out of a declaration what is off; gives what is worth saying, as inert.lua does, and whether only the last step is saved.
---@param declared table
---@return table[] said
---@return boolean saves_last_only
function switched_off.take(declared)
  local said = {}
  for _, name in ipairs { "render", "evaluate" } do
    if is_off(declared[name]) then declared[name] = nil end
  end
  if has_no_prompts(declared.render) then
    declared.render = nil
    said[1] = { key = "render.prompts", what = "render has no prompts: no pictures are drawn", why = "the list is empty",
      fix = 'render = { prompts = { "a photo of …" } }, or render = false' }
  end
  if not is_off(declared.save) then return said, false end
  if declared.save == false then declared.save = nil else declared.save.every = nil end
  return said, true
end

return switched_off
