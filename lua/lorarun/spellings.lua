--- The setting that a name means when it is not written in full.
--
--   optimizer.lr           is itself
--   rank                   only one setting ends in it: network.rank
--   every                  several do: nothing, and the list of them
--   network_dim            other trainers call network.rank so
--   train.lr               a table of theirs: the last word counts
--   network.lr             a table of ours that has no such key: nothing
--
-- The sets of `data` have no number here: data.resolution is the resolution of all. Knobs are what a step may
-- change; a setting that has a knob may be called by either name.

local schema = require "lorarun.schema"
local tables = require "lorarun.tables"

local spellings = {}

--- Settings that a knob changes while the run goes.
spellings.knob_of = { ["optimizer.lr"] = "lr", accumulate = "accumulate", ["network.dropout"] = "network_dropout",
  ["data[].caption_dropout"] = "caption_dropout", ["data[].weight"] = "weights", ["save.every"] = "save",
  ["render.every"] = "render", ["evaluate.every"] = "evaluate" }

--- What other trainers call them.
local ELSEWHERE = {
  ["optimizer.lr"] = { "lr", "learning_rate", "unet_lr" },
  ["optimizer.weight_decay"] = { "decay" },
  ["network.rank"] = { "dim", "linear", "lora_rank", "network_dim", "network_rank", "r" },
  ["network.alpha"] = { "linear_alpha", "lora_alpha", "network_alpha" },
  ["network.dropout"] = { "lora_dropout", "network_dropout" },
  ["network.targets"] = { "target_modules" },
  ["data[].dir"] = { "folder_path", "image_dir", "instance_data_dir", "photos", "train_data_dir" },
  ["data[].trigger"] = { "instance_prompt", "trigger_word" },
  ["data[].caption_dropout"] = { "caption_dropout_rate", "caption_tag_dropout_rate" },
  ["data[].repeats"] = { "num_repeats", "repeats" },
  ["data[].resolution"] = { "bucket_resolution", "res" },
  ["data[].flip"] = { "flip_aug", "random_flip" },
  ["data[].no_upscale"] = { "bucket_no_upscale" },
  ["batch"] = { "batch_size", "train_batch_size" },
  ["accumulate"] = { "gradient_accumulation", "gradient_accumulation_steps" },
  ["clip"] = { "max_grad_norm" },
  ["ema"] = { "ema_decay" },
  ["guidance"] = { "guidance_scale" },
  ["steps"] = { "max_steps", "max_train_steps", "num_steps", "train_steps" },
  ["epochs"] = { "max_train_epochs", "num_epochs", "num_train_epochs" },
  ["name"] = { "output_name" },
  ["model.path"] = { "base", "name_or_path", "pretrained_model_name_or_path" },
  ["model.recompute"] = { "gradient_checkpointing" },
  ["schedule"] = { "lr_scheduler" },
  ["save.every"] = { "checkpointing_steps", "save_every", "save_every_n_steps" },
  ["save.keep"] = { "checkpoints_total_limit", "max_step_saves_to_keep", "save_last_n_steps" },
  ["save.dtype"] = { "save_precision" },
  ["render.every"] = { "render_every", "sample_every", "sample_every_n_steps", "validation_steps" },
  ["render.prompts"] = { "prompt", "sample_prompts", "validation_prompt" },
  ["render.steps"] = { "sample_steps" },
  ["evaluate.every"] = { "evaluate_every" },
}

--- The same for knobs that no setting is.
local KNOBS_ELSEWHERE = { ["transformer.lr"] = { "transformer_lr", "unet.lr", "unet_lr", "unet_learning_rate" },
  ["text_encoder.lr"] = { "te_lr", "text_encoder_lr", "text_encoder_learning_rate" },
  ["clip_l.lr"] = { "clip_l_lr" }, ["t5.lr"] = { "t5_lr" } }

local function inverted(lists)
  local by_name = {}
  for name, others in pairs(lists) do
    for _, other in ipairs(others) do by_name[other] = name end
  end
  return by_name
end

local SETTING_OF, KNOB_ELSEWHERE = inverted(ELSEWHERE), inverted(KNOBS_ELSEWHERE)

local function without_numbers(path) return (path:gsub("^data%.%d+", "data"):gsub("%[%d*%]", "")) end

--- Settings by the last word of their names; functions are none that a word could set.
local function ending_in(word)
  local found = {}
  for _, s in ipairs(schema.settings) do
    if s.type ~= "hook" and s.name:match("[%w_]+$") == word then found[#found + 1] = s.name end
  end
  return found
end

local function is_ours(table_name) return schema.find(table_name) ~= nil or schema.find_knob(table_name) ~= nil end

--- Gives the schema's name of a setting, as data[].resolution, or nothing and the names that it could be.
---@param name string
---@return string?, string[]?
function spellings.schema_name(name)
  local bare = without_numbers(name)
  local exact = schema.find(bare) or schema.find((bare:gsub("^data%.", "data[].")))
  if exact then return exact.name end
  local parent, word = bare:match("^(.*)%.([^.]+)$")
  word = (word or bare):lower():gsub("%-", "_")
  local known = SETTING_OF[word]
  local found = known and { known } or ending_in(word)
  if parent and is_ours(parent) and (#found ~= 1 or not found[1]:gsub("%[%]", ""):find("^" .. parent .. "%.")) then return nil end
  if #found == 1 then return found[1] end
  return nil, #found > 1 and found or nil
end

--- Gives what --set calls a setting: data.resolution, optimizer.lr; nothing, and what it could be, when that is not clear.
---@param name string
---@return string?, string[]?
function spellings.setting(name)
  local found, several = spellings.schema_name(name)
  if found then
    local number = name:match("^data%.(%d+)%.") or name:match("^data%[(%d+)%]")
    return (found:gsub("^data%[%]", number and "data." .. number or "data"))
  end
  for i, one in ipairs(several or {}) do several[i] = without_numbers(one) end
  return nil, several
end

--- Gives the knob that a key means: `optimizer.lr` and `learning_rate` are `lr`; the key itself when it means none.
---@param key string
---@return string
function spellings.knob(key)
  local first = key:match("^[^.]+") or key
  if schema.find_knob(first) then return key end
  if KNOB_ELSEWHERE[key:lower()] then return KNOB_ELSEWHERE[key:lower()] end
  local name = spellings.schema_name(key)
  local s = name and schema.find(name)
  local knob = name and spellings.knob_of[name]
  if knob and name:find("%.every$") then return knob .. ".every" end
  return knob or (s and s.live and name) or key
end

--- Gives what --set calls a setting that other trainers have under this name; nothing for any other name.
---@param name string
---@return string?
function spellings.foreign(name)
  local found = SETTING_OF[name:lower()]
  return found and (found:gsub("%[%]", ""))
end

--- Asks what a name stands for, for the fix of an error; nothing when nobody knows it.
---@param name string
---@return string?
function spellings.hint(name)
  local found, several = spellings.setting(name)
  if not found and not several then return nil end
  return ("did you mean '%s'?"):format(found or table.concat(several, "', '"))
end

--- Gives all names that the command line takes as a flag: settings in full, and the short ones.
function spellings.names()
  local all = {}
  for _, s in ipairs(schema.settings) do all[without_numbers(s.name)] = true end
  for name in pairs(SETTING_OF) do all[name] = true end
  return tables.sorted_keys(all)
end

return spellings
