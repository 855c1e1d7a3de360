--- Settings that would do nothing: named with the reason, never silently swallowed.
--
--   names    what people bring from other trainers (schema.inert): taken out of the declaration before the check
--   values   known settings that do nothing beside the others: a negative prompt without classifier-free guidance
--
-- Each is { key, why, fix }: a warning of the run, a line of its journal, a row of its plan.

local schema = require "lorarun.schema"

local inert = {}

--- Tables that are no settings of the recipe's own.
local OTHERS = { on = true, params = true, migrate = true }

local function take(value, path, family, found)
  for key, item in pairs(value) do
    local inside = path == "" and tostring(key) or path .. (type(key) == "number" and "[" .. key .. "]" or "." .. key)
    local why = type(key) == "string" and not schema.is_known(key) and schema.why_inert(key, family)
    if why then
      value[key] = nil
      found[#found + 1] = { key = inside, why = why, fix = "remove it from the recipe" }
    elseif type(item) == "table" and not (path == "" and OTHERS[key]) then
      take(item, inside, family, found)
    end
  end
end

--- Takes out of a declaration what no setting is and would do nothing; gives the list of it.
---@param declared table
---@return { key: string, why: string, fix: string }[]
function inert.take(declared)
  local found = {}
  take(declared, "", type(declared.model) == "table" and declared.model.kind or declared.model, found)
  table.sort(found, function(a, b) return a.key < b.key end)
  return found
end

local function add(list, key, why, fix) list[#list + 1] = { key = key, why = why, fix = fix } end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

local function is_given(declared, parent, key) return type(declared[parent]) == "table" and declared[parent][key] ~= nil end

--- Options of one law that stand beside another: a shift without `shifted`.
local function add_laws(declared, settings, list)
  for _, s in ipairs(schema.settings) do
    local parent, key = s.name:match("^([%w_]+)%.([%w_]+)$")
    if s.acts_with and is_given(declared, parent, key) and not contains(s.acts_with, settings[parent].kind) then
      add(list, s.name, ("%s = %s does not read it"):format(parent, settings[parent].kind),
        ("use %s { %s = … }, or remove it"):format(table.concat(s.acts_with, " or "), key))
    end
  end
end

local function add_families(declared, settings, list)
  for _, s in ipairs(schema.settings) do
    local parent, key = s.name:match("^([%w_]+)%.([%w_]+)$")
    local given = parent and is_given(declared, parent, key) or declared[s.name] ~= nil
    if s.families and given and not contains(s.families, settings.model.kind) then
      add(list, s.name, ("%s does not read it; it acts on %s"):format(settings.model.kind, table.concat(s.families, ", ")),
        "remove it")
    end
  end
end

local function add_optimizer(declared, settings, list)
  local kind = (lorarun.kinds().optimizer or {})[settings.optimizer.kind]
  for key in pairs(type(declared.optimizer) == "table" and declared.optimizer or {}) do
    if key ~= "kind" and kind and kind.options and not contains(kind.options, key) then
      add(list, "optimizer." .. key, settings.optimizer.kind .. " does not read it", "remove it")
    end
  end
end

--- What the base's own config says about guidance, or nothing when it is not there.
local function embeds_guidance(settings)
  local path = settings.model.path .. "/transformer/config.json"
  if not lorarun.system.exists(path) then return nil end
  return lorarun.system.decode(lorarun.system.read(path), path).guidance_embeds
end

local function add_guidance(declared, settings, list)
  if embeds_guidance(settings) ~= false then return end
  local why = "this base embeds no guidance value"
  if declared.guidance ~= nil then add(list, "guidance", why, "remove it") end
  if is_given(declared, "render", "guidance") then add(list, "render.guidance", why, "use render.true_cfg, or remove it") end
end

local function add_render(settings, list)
  local r = settings.render
  if r and r.negative ~= "" and r.true_cfg <= 1 then
    add(list, "render.negative", "a negative prompt acts only with render.true_cfg > 1",
      "set render.true_cfg = 4, which doubles the time of a picture, or remove it")
  end
end

local function add_data(settings, list)
  for i, set in ipairs(settings.data) do
    local key = "data[" .. i .. "]."
    if set.weight == 0 then add(list, key .. "weight", "0 takes these pictures out of the loss: they cost time and teach nothing",
      "remove the data set, or give it a weight") end
    if set.caption_dropout == 1 then add(list, key .. "caption_dropout", "1 drops every caption of these pictures",
      "lower it, or leave the captions away on purpose") end
    for _, s in ipairs(schema.settings) do
      local name = s.acts_with and s.name:match("^data%[%]%.([%w_]+)$")
      if name and set[name] ~= nil and not contains(s.acts_with, set.kind) then
        add(list, key .. name, set.kind .. " does not read it", "remove it")
      end
    end
  end
end

local function add_rest(declared, settings, list)
  if settings.ema == 1 then add(list, "ema", "1 keeps the average at its first value for ever", "use 0.99 to 0.9999, or 0") end
  if declared.steps and declared.epochs then add(list, "epochs", "steps is given too, and decides", "remove one of them") end
  if settings.network.dropout == 1 then add(list, "network.dropout", "1 drops all of the network", "use 0 to 0.5") end
end

--- Gives the known settings that do nothing as they stand.
---@param declared table   as the recipe and the command line give it
---@param settings table   checked
function inert.of(declared, settings)
  local list = {}
  add_laws(declared, settings, list)
  add_families(declared, settings, list)
  add_optimizer(declared, settings, list)
  add_guidance(declared, settings, list)
  add_render(settings, list)
  add_data(settings, list)
  add_rest(declared, settings, list)
  return list
end

--- Gives the sentence of one; what brings its own (questions.lua) is not without effect.
function inert.text(one) return one.what or (one.key .. " has no effect: " .. one.why) end

return inert
