--- Hot reload: a recipe that was saved is in force at the next step.
--
--   file saved --200 ms quiet--> text --candidate.lua--> swap at a step boundary --> journal, one line to people
--                                         \-- refused --> journal, what / where / how to fix; the last good goes on
--
-- Code is replaced, data stays: `state` lives through every reload. A recipe that fails at its first decision is
-- taken back at the next boundary, with the state that it found. Nothing here stops a run.

local candidate = require "lorarun.candidate"
local journal = require "lorarun.journal"
local recipe_parts = require "lorarun.recipe_parts"
local run_folder = require "lorarun.run_folder"

local reload = {}

local system = lorarun.system

local MOST_SHOWN, MOST_LINES = 6, 20
local TRY_AGAIN = "correct it and save again"

--- The unit that stands on disk: the recipe's file with its parts as one text.
---@return string text
---@return string[] files    everything that it was read from, or would be
local function unit_on_disk(path)
  local text, kept = recipe_parts.split(system.read(path))
  local files = { path }
  if kept then return recipe_parts.bundle(text, kept), files end
  local parts, found, missing = recipe_parts.read(text, path:match("^(.*)/[^/]*$") or ".")
  for _, list in ipairs { found or {}, missing } do
    for _, file in ipairs(list) do files[#files + 1] = file end
  end
  return recipe_parts.bundle(text, parts), files
end

--- Takes an error's text apart into what, where and fix.
local function parts_of(message)
  local text = tostring(message)
  local what = text:match("^(.-)\n%s+at: ") or text:match("^(.-)\n%s+fix: ") or text
  return { what = what, where = text:match("\n%s+at: ([^\n]*)"), fix = text:match("\n%s+fix: (.*)$") or TRY_AGAIN }
end

local function say(run, text)
  if run.progress then run.progress:say(text) end
end

local function refuse(run, message, origin)
  local fields = parts_of(message)
  fields.origin, fields.old = origin, run.recipe.hash
  run.records:event(run.step, "refused", fields)
  local text = ("%s\n   at: %s\n  fix: %s"):format(fields.what, fields.where or run.recipe.path, fields.fix)
  say(run, ("reload refused at step %d, the last good recipe goes on: %s"):format(run.step, text))
  return { accepted = false, text = text, what = fields.what, where = fields.where, fix = fields.fix }
end

local function show(value)
  if value == nil then return "absent" end
  return type(value) == "number" and ("%.6g"):format(value) or tostring(value)
end

--- The settings that changed, hooks by their names.
local function changed_settings(old, new)
  local changed = {}
  for _, change in ipairs(new.diff.settings) do
    changed[#changed + 1] = { key = change.key, old = change.old, new = change.new }
  end
  for _, hook in ipairs { "step", "evaluate", "select" } do
    local before, after = old.recipe.policy:has(hook), new.recipe.policy:has(hook)
    local acts = before and after and #changed == 0 and #new.diff.knobs > 0
    if before ~= after or acts then
      local text = (acts and "changed") or (after and "added") or "removed"
      table.insert(changed, 1, { key = "on." .. hook, new = text })
    end
  end
  return changed
end

local function setting_text(change)
  if change.key:find("^on%.") then return change.new == "changed" and change.key or change.key .. " " .. change.new end
  return ("%s %s -> %s"):format(change.key, show(change.old), show(change.new))
end

local function knob_text(d, steps)
  local last = d.to < steps and (" to " .. d.to) or ""
  return ("%s %s -> %s from step %d%s"):format(d.key, show(d.old), show(d.new), d.from, last)
end

--- "on.step; lr 5e-05 -> 3e-05 from step 812"
local function summary(changed, new)
  local parts, said = {}, {}
  for _, change in ipairs(changed) do
    parts[#parts + 1], said[change.key] = setting_text(change), true
  end
  for _, d in ipairs(new.diff.knobs) do
    if not said[d.key] then parts[#parts + 1] = knob_text(d, new.steps) end
  end
  if #parts == 0 then return "the text changed, the plan did not" end
  local more = #parts - MOST_SHOWN
  local shown = table.concat(parts, "; ", 1, math.min(#parts, MOST_SHOWN))
  return more > 0 and ("%s; and %d more"):format(shown, more) or shown
end

local function shortened(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
  if #lines <= MOST_LINES then return text end
  return table.concat(lines, "\n", 1, MOST_LINES) .. ("\nand %d more"):format(#lines - MOST_LINES)
end

--- What a rollback needs.
local function standing(run)
  return { recipe = run.recipe, settings = run.settings, steps = run.steps, state = run.state, answer = run.answer,
    step = run.step }
end

--- Puts a recipe and its state in force.
local function put_in_force(run, new)
  run.recipe, run.settings, run.steps, run.state = new.recipe, new.settings, new.steps, new.state
  if run.progress then run.progress.steps = new.steps end
  run_folder.write_manifest(run, "running")
end

--- Keeps the recipe that goes for a rollback; of several at one boundary the first.
local function keep_previous(run, old)
  local watch = run.reload
  if not watch then return old.recipe.policy:free() end
  if watch.previous then return old.recipe.policy:free() end
  watch.previous = old
end

local function accept(run, new, origin)
  local old = standing(run)
  put_in_force(run, new)
  local changed = changed_settings(old, new)
  local text = summary(changed, new)
  run.records:event(run.step, "reload", { old = old.recipe.hash, new = new.recipe.hash,
    path = system.absolute(new.recipe.path), changed = #changed > 0 and changed or nil,
    diff = shortened(new.diff.text), steps = new.steps, origin = origin })
  say(run, ("reload at step %d: %s"):format(run.step, text))
  keep_previous(run, old)
  return { accepted = true, text = text, changed = changed, diff = new.diff }
end

--- Everything that can fail, before anything changes.
local function prepare(run, text)
  local new = candidate.open(run, text or unit_on_disk(run.recipe.path))
  run_folder.keep_recipe { folder = run.folder, recipe = new.recipe }
  return new
end

--- Takes the recipe of a file, or of `text`, into force now: at a step boundary.
---@param run table
---@param text string?     the recipe's text; the file's when absent
---@param origin string?   who wished it: edit, attach, …
---@return table outcome   { accepted, text, … }; when refused also what, where and fix
function reload.now(run, text, origin)
  origin = origin or "edit"
  local good, new = pcall(prepare, run, text)
  if not good then return refuse(run, new, origin) end
  return accept(run, new, origin)
end

local function tell_gone(run)
  if run.reload.gone then return end
  run.reload.gone = true
  run.records:event(run.step, "warn", { key = "recipe", what = run.recipe.path .. " is gone", origin = "edit" })
  say(run, ("%s is gone: the last good recipe goes on; save it again to change the run"):format(run.recipe.path))
end

--- Looks at the files after a change; each content is tried once.
local function look(run)
  local watch = run.reload
  if not system.exists(run.recipe.path) then return tell_gone(run) end
  watch.gone = nil
  local good, text, files = pcall(unit_on_disk, run.recipe.path)
  if not good then return refuse(run, text, "edit") end
  watch.watcher:set(files)
  local hash = system.sha256(text)
  if hash == run.recipe.hash then
    watch.refused = nil
  elseif hash ~= watch.refused then
    watch.refused = not reload.now(run, text, "edit").accepted and hash or nil
  end
end

--- Takes a recipe back whose first decision failed, and lets go of what it replaced.
local function settle_previous(run)
  local watch, old = run.reload, run.reload.previous
  if run.step == old.step then return end
  watch.previous = nil
  if run.failed_decision ~= old.step + 1 then return old.recipe.policy:free() end
  local failed = run.recipe
  put_in_force(run, old)
  run.answer = old.answer
  watch.refused = failed.hash
  failed.policy:free()
  run.records:event(run.step, "reload", { old = failed.hash, new = old.recipe.hash, steps = old.steps,
    path = system.absolute(old.recipe.path), diff = "taken back", origin = "rollback" })
  refuse(run, ("on.step failed at its first step, %d: the recipe before it is in force again"):format(old.step + 1), "edit")
end

--- The recipe in force before this start, by the journal; nothing when this is its first.
local function recorded_opening(run)
  local events = journal.read(run.folder)
  for i = #events, 1, -1 do
    local is_this_start = events[i].event == "resume"
    events[i] = nil
    if is_this_start then break end
  end
  return journal.opening(journal.in_force(events))
end

--- A start with another text than the one in force at the end of the last is a reload at its first step.
local function note_edit_between_starts(run)
  local before = recorded_opening(run)
  if not before or before.recipe == run.recipe.hash then return end
  run.records:event(run.step, "reload", { old = before.recipe, new = run.recipe.hash, steps = run.steps,
    path = system.absolute(run.recipe.path), diff = "edited while the run stood still", origin = "edit" })
  say(run, ("reload at step %d: the recipe was edited while the run stood still"):format(run.step))
end

--- Begins to watch the recipe of a run that is about to go.
---@param run table
function reload.open(run)
  if run.player then return end
  if run.step > 0 then note_edit_between_starts(run) end
  if not run.recipe.is_of_file then return end -- the file may hold a later text than the one that was asked for
  run.reload = { watcher = lorarun.watch.new { run.recipe.path }, is_new = true }
end

local function look_when_due(run)
  local watch = run.reload
  if watch.previous then settle_previous(run) end
  if watch.watcher:changed() or watch.is_new then -- the first look finds what was saved while the model was read
    watch.is_new = nil
    look(run)
  end
end

--- At a step boundary: takes over what was saved since the last one.
---@param run table
function reload.poll(run)
  if not run.reload then return end
  local good, problem = pcall(look_when_due, run)
  if good then return end
  run.records:event(run.step, "warn", { key = "reload", what = tostring(problem), origin = "edit" })
  say(run, "warning: " .. tostring(problem) .. "\n  the run goes on with the recipe that it has")
end

return reload
