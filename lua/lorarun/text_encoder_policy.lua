--- When text encoders train: plain data -> what it adds to the knobs of a step.
--
--   text_encoders = never {}                                        adapters stay as they are; knobs may wake them
--   text_encoders = always { factor = 0.1 }                         at a tenth of the rate
--   text_encoders = late_tune { from = 0.8, lr = 5e-6 }             off, then on for the last part
--   text_encoders = early_freeze { to = 0.3, lr = 1e-5 }            on, then frozen
--
-- `from` and `to` are steps, or parts of the run below 1, as in a phase. Without `lr` an encoder has the run's rate times
-- `factor`. `encoders` names those that train; the recipe's network may hold adapters on more of them, which
-- then rest. Anything else is a function: on.step.

local phases = require "lorarun.phases"
local schema = require "lorarun.schema"

local policy = {}

local DEFAULT = { "clip_l" }

local function contains(list, name)
  for _, one in ipairs(list) do
    if one == name then return true end
  end
  return false
end

local function check_encoders(list, path, place)
  for _, name in ipairs(list or {}) do
    if not contains(schema.text_encoders, name) then
      local close = lorarun.system.nearest(tostring(name), schema.text_encoders)
      lorarun.fail { what = "no text encoder named '" .. tostring(name) .. "'", where = place .. ", " .. path,
        fix = (close and "did you mean '" .. close .. "'?  " or "") .. "known: " .. table.concat(schema.text_encoders, ", ") }
    end
  end
end

--- Makes network and policy of checked settings speak of the same encoders: a policy without a network of its own
--- puts adapters on the encoders it names, "clip_l" when it names none.
function policy.resolve(settings, place)
  local network, law = settings.network, settings.text_encoders
  check_encoders(network.text_encoders, "network.text_encoders", place)
  if not law then return end
  check_encoders(law.encoders, "text_encoders.encoders", place)
  if #network.text_encoders == 0 and law.kind ~= "never" then network.text_encoders = law.encoders or DEFAULT end
  law.encoders = law.encoders or network.text_encoders
  for _, name in ipairs(law.encoders) do
    if not contains(network.text_encoders, name) then
      lorarun.fail { what = "the network has no adapters on '" .. name .. "'", where = place .. ", text_encoders.encoders",
        fix = "add it to network.text_encoders" }
    end
  end
end

--- True when the law lets its encoders train at a step.
local function is_on(law, step, steps)
  if law.kind == "never" then return false end
  local from, to = law.from, law.to
  if law.kind == "late_tune" then from = from or 0.8 end
  if law.kind == "early_freeze" then to = to or 0.3 end
  local first, last = phases.span({ from = from, to = to }, steps)
  return step >= first and step <= last
end

--- Gives what the policy adds to the knobs of a step: { clip_l = { lr = …, train = … }, … }. A pure function.
---@param settings table   with network.text_encoders and text_encoders, resolved
---@param step integer
---@param steps integer
---@param lr number        the run's rate at this step
function policy.at(settings, step, steps, lr)
  local law, layer = settings.text_encoders, {}
  if not law then return layer end
  for _, name in ipairs(settings.network.text_encoders) do
    local on = contains(law.encoders, name) and is_on(law, step, steps)
    layer[name] = { train = on, lr = on and (law.lr or lr * law.factor) or nil }
  end
  return layer
end

return policy
