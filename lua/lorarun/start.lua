--- The first lines of a training: where it computes, on top of what, where it lands, and how to reach it.
--
--   device      cuda:1 (NVIDIA H100 80GB HBM3)
--   model       models/FLUX.1-dev (flux, bf16)
--   run         runs/anna
--   attach      ./lorarun attach anna

local commands = require "lorarun.report.commands"
local device = require "lorarun.device"
local words = require "lorarun.report.words"

local start = {}

local function line(label, text) return ("%-11s %s"):format(label, text) end

--- Gives the model in words: "models/FLUX.1-dev (flux, bf16)".
---@param model { path: string, family: string, dtype: string }
function start.model_text(model) return ("%s (%s, %s)"):format(words.near(model.path), model.family, model.dtype) end

--- Gives what a manifest, a status and the first lines say of a run's model.
function start.model_of(settings)
  local model = settings.model
  return { path = model.path, family = model.kind, dtype = model.dtype }
end

--- Gives the lines. A run that is played again has no socket to attach to.
function start.lines(run)
  local lines = {
    line("device", device.label(run.device, run.card)),
    line("model", start.model_text(start.model_of(run.settings))),
    line("run", words.near(run.folder)),
  }
  if not run.player then lines[#lines + 1] = line("attach", commands.line("attach", words.run_word(run.folder, run.name))) end
  return lines
end

return start
