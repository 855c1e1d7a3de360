--- How a run stands, from outside: asked of its process, or read from its folder when nobody works on it.
--
--   running, paused            its process answered
--   complete, stopped, interrupted, failed    its manifest says so
--   died                       the manifest says running, and no process does

local commands = require "lorarun.report.commands"
local device = require "lorarun.device"
local journal = require "lorarun.journal"
local local_time = require "lorarun.local_time"
local run_folder = require "lorarun.run_folder"
local start = require "lorarun.start"
local words = require "lorarun.report.words"

local run_status = {}

local system = lorarun.system

local ANSWER_S = 5

local function from_folder(folder)
  local manifest = run_folder.manifest(folder)
  local metrics, last = journal.metrics(folder)
  local line = metrics[last] or {}
  local status = manifest.status == "running" and "died" or manifest.status
  return { name = manifest.name, folder = system.absolute(folder), status = status, step = last, steps = manifest.steps,
    loss = line.loss, lr = line.lr and line.lr.transformer, seed = manifest.seed, device = manifest.device, card = manifest.card,
    model = manifest.model, since = manifest.written }
end

--- Gives how the run of a folder stands.
function run_status.of(folder)
  local presence = lorarun.live.find(folder)
  if not presence then return from_folder(folder) end
  local answered, reply = pcall(lorarun.live.call, folder, { op = "status" }, ANSWER_S)
  if not answered then return from_folder(folder) end
  local status = reply.status
  status.pid, status.since = presence.pid, status.started
  return status
end

--- Gives all runs of a folder and all running ones, by name.
function run_status.all(runs)
  local seen, all = {}, {}
  local function add(folder)
    local absolute = system.absolute(folder)
    if seen[absolute] or not run_folder.manifest(folder) then return end
    seen[absolute] = true
    all[#all + 1] = run_status.of(folder)
  end
  for _, name in ipairs(run_folder.names(runs)) do add(runs .. "/" .. name) end
  for _, presence in ipairs(lorarun.live.list()) do add(presence.folder) end
  table.sort(all, function(a, b) return a.name < b.name end)
  return all
end

local function number(format, value) return value and format:format(value) or "" end

--- Gives the lines of a list of runs.
function run_status.table(all)
  local lines = { ("%-24s %-11s %15s %9s %9s  %s"):format("run", "status", "step", "loss", "lr", ("since (%s)"):format(local_time.zone())) }
  for _, s in ipairs(all) do
    lines[#lines + 1] = ("%-24s %-11s %15s %9s %9s  %s"):format(s.name, s.status, ("%d/%d"):format(s.step or 0, s.steps or 0),
      number("%.4f", s.mean_loss or s.loss), number("%.2g", s.lr), local_time.text(s.since))
  end
  return lines
end

--- Gives the lines about one run.
function run_status.lines(s)
  local part = s.steps and s.steps > 0 and ("  (%d %%)"):format(math.floor(100 * (s.step or 0) / s.steps)) or ""
  local lines = { ("%s: %s, step %d of %d%s"):format(s.name, s.status, s.step or 0, s.steps or 0, part) }
  local function add(label, text) if text and text ~= "" then lines[#lines + 1] = ("  %-10s %s"):format(label, text) end end
  add("loss", number("%.4f", s.mean_loss or s.loss))
  add("lr", number("%.3g", s.lr))
  add("speed", s.seconds_per_step and ("%.3g s a step, %s left"):format(s.seconds_per_step, system.duration(s.seconds_left)))
  add("device", s.device and device.label(s.device, s.card))
  add("model", s.model and start.model_text(s.model))
  add("tweaks", s.tweaks and s.tweaks > 0 and ("%d in force or to come"):format(s.tweaks))
  add("process", s.pid and tostring(s.pid))
  add("since", s.since and ("%s (%s)"):format(local_time.text(s.since), local_time.zone(s.since)))
  add("folder", s.folder)
  add("attach", s.pid and commands.line("attach", words.run_word(s.folder, s.name)))
  if s.status == "died" then add("", "its process is gone; the same recipe goes on from the last checkpoint") end
  return lines
end

return run_status
