--- Text encoders that train: live while they do, cached while they do not.
--
--   cached   batches carry embeddings from disk; the encoder is not in memory
--   live     each step runs the encoder on the batch's captions, inside the graph
--
-- An encoder is live in the steps that train it. One that is frozen after it trained is cached again: every caption
-- is encoded once under the changed weights. All of it follows from the step's knobs and the weights, so nothing
-- is saved in checkpoints, and a run that goes on from one makes the same steps to the bit.

local memory_size = require "lorarun.memory_size"
local render = require "lorarun.render"

local text_encoders = {}

--- Gives the encoders that the network changes.
local function adapted(run)
  local is_encoder, names = {}, {}
  for _, name in ipairs(run.model:text_encoders()) do is_encoder[name] = true end
  for _, name in ipairs(run.network:components()) do
    if is_encoder[name] then names[#names + 1] = name end
  end
  return names
end

--- True when the knobs train this encoder; the trainer decides alike.
function text_encoders.trains(decided, encoder)
  local group = decided[encoder] or {}
  return group.train ~= false and (group.lr or decided.lr) > 0
end

local function tell(run, step, text, fields)
  if run.records then run.records:event(step, "encoder", fields) end
  if run.progress then return run.progress:say(text) end
  lorarun.system.log(text)
end

local function go_live(run, step, encoder)
  local began = lorarun.system.seconds()
  local bytes = run.model:load(encoder)
  run.cache:set_live(encoder)
  local seconds = lorarun.system.seconds() - began
  tell(run, step, ("step %d: %s trains: it encodes the captions of each step; loaded in %.1f s, %s of memory and its share of each step")
    :format(step, encoder, seconds, memory_size(bytes)),
    { encoder = encoder, mode = "live", seconds = seconds, bytes = bytes })
end

local function go_cached(run, step, encoder, before)
  local began = lorarun.system.seconds()
  local bytes = before and run.model:load(encoder) or 0
  run.cache:set_cached(encoder)
  local captions = run.cache:encode(run.dataset, encoder, render.prompts(run.settings))
  if run.heldout then captions = captions + run.cache:encode(run.heldout.dataset, encoder) end
  if not before and captions == 0 then return end
  local seconds = lorarun.system.seconds() - began
  tell(run, step, ("step %d: %s rests: %d captions encoded with its weights as they are in %.1f s; %s of memory given back")
    :format(step, encoder, captions, seconds, memory_size(bytes)),
    { encoder = encoder, mode = "cached", seconds = seconds, bytes = bytes, captions = captions })
end

--- Makes every adapted encoder live or cached, as the knobs of a step want it. Call it before loader:next.
function text_encoders.prepare(run, step, decided)
  run.encoders = run.encoders or {}
  for _, encoder in ipairs(adapted(run)) do
    local before = run.encoders[encoder]
    local now = text_encoders.trains(decided, encoder) and "live" or "cached"
    if now ~= before then
      run.encoders[encoder] = now
      if now == "live" then go_live(run, step, encoder) else go_cached(run, step, encoder, before) end
    end
  end
end

--- Forgets what is live and cached: after the weights were replaced, the next prepare finds out anew.
function text_encoders.forget(run) run.encoders = nil end

return text_encoders
