--- From settings to the things that train: model, network, trainer, on a device.
--
-- Training opens them to train; a plan opens the same ones on the device "meta", where they are shapes without
-- numbers, to count what they take (plan/memory.lua). So both are made alike.

local opening = {}

--- Opens the base model; no weights load yet.
function opening.model(settings, device)
  local m = settings.model
  return lorarun.model.open(m.path, {
    family = m.kind, dtype = m.dtype, vae_dtype = m.vae_dtype, text_dtype = m.text_dtype, device = device,
    recompute = m.recompute,
  })
end

local function without(options, names)
  local rest = {}
  for key, value in pairs(options) do rest[key] = value end
  for _, name in ipairs(names) do rest[name] = nil end
  return rest
end

--- Puts the network into the model.
function opening.network(model, settings, device)
  local n = settings.network
  return lorarun.network.new(model, {
    kind = n.kind, targets = n.targets, exclude = n.exclude, seed = settings.seed, device = device,
    text_encoders = n.text_encoders, text_encoder_targets = n.text_encoder_targets, text_encoder_rank = n.text_encoder_rank,
    text_encoder_alpha = n.text_encoder_alpha, components = n.components,
    options = without(n, { "kind", "targets", "exclude", "text_encoders", "text_encoder_targets", "text_encoder_rank",
      "text_encoder_alpha", "components" }),
  })
end

--- Makes the trainer.
function opening.trainer(model, network, settings)
  return lorarun.trainer.new(model, network, {
    seed = settings.seed, optimizer = settings.optimizer.kind, options = without(settings.optimizer, { "kind", "lr" }),
    objective = settings.objective.kind, objective_options = without(settings.objective, { "kind" }),
  })
end

--- Says whether batches hold pixels in place of latents and texts.
function opening.takes_pixels(settings) return lorarun.kinds().objective[settings.objective.kind].takes_pixels end

return opening
