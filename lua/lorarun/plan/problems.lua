--- What looks wrong in a plan: nothing here stops a run, all of it is worth a look.
--
--   inert        settings that do nothing (inert.lua), a schedule that on.step overrides at every step
--   rates        0 everywhere, 0 for the last part of the run
--   device       a word that names none; whether a card works is not asked, because that takes a second
--   cadences     longer than the run
--   encoders     knobs without adapters, adapters that never train
--   phases       beyond the end, empty, covered by what stands above them
--
-- Each is { key, what, fix }.

local inert = require "lorarun.inert"
local phases = require "lorarun.phases"
local schema = require "lorarun.schema"

local problems = {}

local function add(list, key, what, fix) list[#list + 1] = { key = key, what = what, fix = fix } end

local function add_inert(source, list)
  for _, one in ipairs(source.warnings or (source.recipe and source.recipe.warnings) or {}) do
    add(list, one.key, inert.text(one), one.fix)
  end
end

--- Says whether the hook's rate moves as the schedule does, somewhere.
local function follows_schedule(p)
  for i = 2, p.count do
    local before, after = p.below_lr[i - 1], p.below_lr[i]
    local answer_before, answer = p.hook_lr[i - 1], p.hook_lr[i]
    if not answer or not answer_before then return true end
    if before ~= after and before > 0 and answer_before > 0 and math.abs(answer / answer_before - after / before) < 1e-9 then
      return true
    end
  end
  return p.hook_lr[1] == nil
end

local function declared_by(source) return source.declared or (source.recipe and source.recipe.declared) or {} end

local function add_overridden(p, source, list)
  if declared_by(source).schedule and p.count > 1 and not follows_schedule(p) then
    add(list, "schedule", "schedule has no effect: on.step gives lr at every step",
      "remove one of them, or let on.step start from run.lr, which is what the schedule says")
  end
end

local function add_device(p, list)
  local name = p.settings.device
  if name == "auto" or name:match("^cuda:?%d*$") then return end
  local opens, problem = pcall(lorarun.device.open, name)
  if not opens then add(list, "device", problem.what, problem.fix) end
end

local function add_cadences(p, source, list)
  for _, what in ipairs { "save", "render", "evaluate" } do
    local setting, given = p.settings[what], declared_by(source)[what]
    if setting and type(given) == "table" and given.every and setting.every > p.steps then
      add(list, what .. ".every", ("%s.every = %d is longer than the run's %d steps: it happens once, at the end"):format(what,
        setting.every, p.steps), "a smaller " .. what .. ".every")
    end
  end
end

local function rate_keys(p)
  local keys = {}
  for key in pairs(p.columns) do
    if key == "lr" or key:match("%.lr$") then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

--- How many steps at the end have a rate of 0.
local function zeros_at_end(column, count)
  local zeros = 0
  while zeros < count and column[count - zeros] == 0 do zeros = zeros + 1 end
  return zeros
end

local function add_rates(p, list)
  for _, key in ipairs(rate_keys(p)) do
    local zeros = zeros_at_end(p.columns[key], p.count)
    if zeros == p.count and p.count > 0 then
      add(list, key, key .. " is 0 at every step: nothing is learned", "give a learning rate, for example 1e-4")
    elseif zeros > 1 then
      add(list, key, ("%s is 0 for the last %d steps: the schedule ends before the run does"):format(key, zeros),
        "let the schedule last to the end, give it a floor, or train fewer steps")
    end
  end
end

local function add_warmups(spec, path, list)
  if type(spec) ~= "table" then return end
  local part = spec.kind == "warmup" and spec.items[1] or spec.warmup
  if part and part >= 1 then
    add(list, path .. ".warmup", path .. ": the warm-up is as long as the whole of it, so the full rate is never reached",
      "a part of the run, for example 0.05")
  end
  if spec.kind == "warmup" or spec.kind == "scale" then add_warmups(spec.items[2], path .. "[2]", list) end
  local total = 0
  for i, link in ipairs(spec.kind == "chain" and spec.items or {}) do
    add_warmups(link, path .. "[" .. i .. "]", list)
    total = total + (link.part or 0)
  end
  if total > 1 + 1e-9 then
    add(list, path, ("%s: the parts of the chain are %.6g in all, so the last of it never comes"):format(path, total),
      "let the parts be 1 in all")
  end
end

local function wants_of(phase, step, first, last, base)
  local wants = {}
  for key, value in pairs(phases.knobs(phase, step, first, last, base)) do
    if type(value) ~= "table" then
      wants[key] = value
    elseif key == "transformer" or key == "clip_l" or key == "t5" then
      for name, item in pairs(value) do wants[key .. "." .. name] = item end
    end
  end
  return wants
end

--- The wishes of a phase that hold at none of its steps.
local function lost_wishes(p, phase, first, last)
  local lost, held = {}, {}
  for step = math.max(first, p.from + 1), math.min(last, p.from + p.count) do
    local base = (p.columns.lr or {})[step - p.from]
    for key, value in pairs(wants_of(phase, step, first, last, p.below_lr and p.below_lr[step - p.from] or base)) do
      local column = p.columns[key]
      if column and column[step - p.from] == value then held[key] = true else lost[key] = true end
    end
  end
  local keys = {}
  for key in pairs(lost) do keys[#keys + 1] = not held[key] and key or nil end
  table.sort(keys)
  return keys
end

local function later_phase_covers(p, index, first, last)
  for i = #p.settings.phases, index + 1, -1 do
    local from, to = phases.span(p.settings.phases[i], p.steps, p.steps_per_epoch)
    if from <= first and to >= last then return i end
  end
end

local function add_phase(p, index, phase, list)
  local name, first, last = "phases[" .. index .. "]", phases.span(phase, p.steps, p.steps_per_epoch)
  if (phase.from_epoch or phase.to_epoch) and not p.steps_per_epoch then
    return add(list, name, name .. " counts epochs, and the data is not there to say how many steps they are",
      "plan where the data is, or give the phase steps or parts")
  end
  if first > p.steps then
    return add(list, name, ("%s begins at step %d, beyond the run's %d steps"):format(name, first, p.steps),
      "an earlier from; below 1 it is a part of the run")
  end
  if last < first then
    return add(list, name, ("%s is empty: it begins at step %d and ends at step %d"):format(name, first, last), "from < to")
  end
  for _, key in ipairs(lost_wishes(p, phase, first, last)) do
    local cover = later_phase_covers(p, index, first, last)
    add(list, name .. "." .. key, ("%s.%s never holds: %s"):format(name, key,
      cover and "phases[" .. cover .. "] covers all of it" or "a later phase, on.step or a tweak stands above it"),
      "remove it, or change what stands above it")
  end
end

local function add_stop(p, list)
  if not p.stop then return end
  add(list, "stop", ("on.step stops the run at step %d of %d: %s"):format(p.stop.step, p.steps, p.stop.reason),
    "fine when it is meant; the loss that on.step saw here is not a real one")
end

local function steps_that_train(rates)
  local count = 0
  for _, rate in ipairs(rates) do count = count + (rate > 0 and 1 or 0) end
  return count
end

local function contains(list, value)
  for _, item in ipairs(list or {}) do
    if item == value then return true end
  end
  return false
end

--- Encoders whose knobs nothing reads, and adapters that nothing trains.
local function add_encoders(p, list)
  for _, name in ipairs(schema.text_encoders) do
    local has_knobs = p.columns[name .. ".lr"] or p.columns[name .. ".train"]
    if has_knobs and not contains(p.settings.network.text_encoders, name) then
      add(list, name, name .. " has no adapters, so its knobs do nothing",
        ('add it to the network: text_encoders = { "%s" }'):format(name))
    end
  end
  for i, group in ipairs(require("lorarun.plan").groups(p)) do
    local count, law = steps_that_train(group.rates), p.settings.text_encoders
    if i > 1 and count == 0 then
      add(list, group.name, group.name .. " has adapters that never train in this run",
        "let text_encoders or a phase train it, or take it out of network.text_encoders")
    elseif i > 1 and count == p.count and law and law.kind == "late_tune" then
      add(list, "text_encoders.from", ("late_tune trains %s from the first step on"):format(group.name),
        "from = 0.8 is the last fifth; from 1 on it is a step")
    end
  end
end

--- Gives everything that looks wrong.
---@param p table        of plan.of
---@param source table   the run or the opened recipe that was planned
function problems.of(p, source)
  local list = {}
  add_inert(source, list)
  add_overridden(p, source, list)
  add_device(p, list)
  add_cadences(p, source, list)
  add_rates(p, list)
  add_encoders(p, list)
  add_warmups(p.settings.schedule, "schedule", list)
  for i, phase in ipairs(p.settings.phases or {}) do
    add_phase(p, i, phase, list)
    add_warmups(phase.lr, "phases[" .. i .. "].lr", list)
  end
  add_stop(p, list)
  return list
end

return problems
