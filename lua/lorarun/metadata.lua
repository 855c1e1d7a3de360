--- What a LoRA file says about its making.  No dates: the same run gives the same file.

local given = require "lorarun.given"
local journal = require "lorarun.journal"

local metadata = {}

local function text(value) return type(value) == "table" and lorarun.system.encode(value) or tostring(value) end

--- Gives the header's entries of a checkpoint, all texts.
function metadata.of(run)
  local s = run.settings
  local rank = not lorarun.kinds().network[s.network.kind].is_whole and s.network.rank or nil
  local header = {
    ss_output_name = run.name, ss_network_dim = rank, ss_network_alpha = rank and s.network.alpha,
    ss_learning_rate = s.optimizer.lr,
    ss_unet_lr = s.optimizer.lr, ss_optimizer = s.optimizer.kind, ss_lr_scheduler = s.schedule.kind,
    ss_seed = s.seed, ss_steps = run.step, ss_max_train_steps = run.steps, ss_num_train_images = run.pictures,
    ss_sd_model_name = s.model.path:match("([^/]+)/?$"), ss_timestep_sampling = s.timesteps.kind,
    ss_guidance_scale = s.guidance, ss_training_comment = "trained with lorarun",
    ["modelspec.title"] = run.name,
    ["lorarun.recipe"] = { text = run.recipe.text, hash = run.recipe.hash, seed = s.seed, data_hash = run.data_hash,
      set = given.without_paths(run.recipe.given), live = journal.live_changes(run.folder) },
  }
  for key, value in pairs(header) do header[key] = text(value) end
  return header
end

return metadata
