--- Tweaks: one-line changes of a running run, above everything that the recipe decides.
--
--   lorarun tweak RUN lr=3e-5 [--from 6000] [--for 500]
--
-- A tweak is { id, key, value, from, to, origin, time }; `to` is its last step, absent: to the end. Each is a
-- line of the journal, so that replay puts it in force at the same step. They are saved with the run. The key may be
-- the setting's name, or another that people use (spellings.lua): what is kept is the knob's.

local check = require "lorarun.check"
local spellings = require "lorarun.spellings"

local tweaks = {}

--- {text_encoder = {lr = 5e-6}} of the key "text_encoder.lr".
local function nested(key, value)
  local parts = {}
  for part in key:gmatch("[^.]+") do parts[#parts + 1] = part end
  for i = #parts, 1, -1 do value = { [parts[i]] = value } end
  return value
end

--- The knobs that a tweak sets, checked; raises an error that says what, where and how to fix.
function tweaks.knobs(tweak)
  return check.knobs(nested(spellings.knob(tweak.key), tweak.value), "the tweak")
end

local function fail(run, what, fix)
  lorarun.fail { what = what, where = "tweak of " .. run.name, fix = fix }
end

--- Adds a tweak from `wish` = { key, value, from, for_steps }; gives it. Checked first: a wish that is wrong changes
--- nothing.
function tweaks.add(run, wish, origin)
  local first = wish.from or run.step + 1
  if first <= run.step then
    fail(run, ("step %d is past: the run stands at %d"):format(first, run.step), "leave --from away, or give a later step")
  end
  if first > run.steps then
    fail(run, ("step %d is beyond the run's %d steps"):format(first, run.steps), "give an earlier --from")
  end
  local tweak = { key = spellings.knob(wish.key), value = wish.value, from = first, origin = origin or "tweak",
    to = wish.for_steps and first + wish.for_steps - 1 or wish.to, time = lorarun.system.now() }
  tweaks.knobs(tweak)
  run.last_tweak = (run.last_tweak or 0) + 1
  tweak.id = run.last_tweak
  run.tweaks = run.tweaks or {}
  table.insert(run.tweaks, tweak)
  run.records:event(run.step, "tweak", { id = tweak.id, key = tweak.key, new = tweak.value, from = tweak.from, to = tweak.to,
    origin = tweak.origin })
  return tweak
end

--- Takes a tweak back from the next step on; gives it.
function tweaks.remove(run, id, origin)
  for i, tweak in ipairs(run.tweaks or {}) do
    if tweak.id == id then
      table.remove(run.tweaks, i)
      run.records:event(run.step, "untweak", { id = id, key = tweak.key, old = tweak.value, origin = origin or "tweak" })
      return tweak
    end
  end
  local ids = {}
  for _, tweak in ipairs(run.tweaks or {}) do ids[#ids + 1] = tweak.id end
  fail(run, "there is no tweak " .. tostring(id), #ids > 0 and ("tweaks: " .. table.concat(ids, ", ")) or "the run has none")
end

--- Calls each(knobs) for every tweak in force at a step, in the order they came.
function tweaks.at(list, step, each)
  for _, tweak in ipairs(list or {}) do
    if step >= tweak.from and (not tweak.to or step <= tweak.to) then each(tweaks.knobs(tweak), tweak) end
  end
end

return tweaks
