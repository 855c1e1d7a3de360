--- Kinds that people bring from other trainers: families, networks, optimizers, schedules, data.
--
-- A kind that is here stands in a registry and needs no line: the day that prodigy is registered, its name below
-- says nothing any more. A kind that is not is named as what it is, with what is there in its place.

local schema = require "lorarun.schema"

local elsewhere = {}

local NAMES = {
  family = "animagine anima aura auraflow chroma cogvideo cosmos flux2 flux_2 flux2_klein hidream hunyuan hunyuan_video " ..
    "hunyuanvideo illustrious kandinsky klein kolors krea ltx ltx2 ltx_video ltxv lumina lumina2 noobai omnigen pixart pony " ..
    "qwen qwen_edit qwen_image sana sd sd1 sd15 sd2 sd21 sd3 sd35 sdxl ssd1b stable_cascade stable_diffusion svd turbo wan " ..
    "wan21 wan22 z_image zimage",
  network = "adalora boft controlnet diag_oft dora dylora embedding glokr glora hypernetwork ia3 ip_adapter leco loco locon " ..
    "loha lokr loraplus lycoris oft textual_inversion tlora vera",
  optimizer = "adabelief adafactor adagrad adam adam8bit adamax adamp adamw8bit adamw_8bit adamw_schedule_free " ..
    "adamw_schedulefree adan ademamix adopt apollo automagic came dadaptadam dadaptation dadaptlion emo fira galore " ..
    "lamb lars lion lion8bit mars nadam paged_adamw paged_adamw8bit pagedadamw8bit pagedlion prodigy prodigy8bit " ..
    "prodigy_plus prodigyopt radam ranger rmsprop rose schedulefree schedule_free shampoo simplified_ademamix soap sophia " ..
    "stableadamw tiger",
  schedule = "adafactor_scheduler cosine_annealing cyclic exponential piecewise piecewise_constant plateau step_lr",
  data = "audio captions control dataset folder hub huggingface masked mask parquet regularization video videos webdataset",
  timesteps = "beta flux_shifted lognorm lumina_shift mode next_sample qinglong qwen_shift",
  loss = "l1_l2 log_cosh lpips mse_wavelet pseudo_huber scheduled_huber stepped wavelet",
}

--- What is here under another name.
local INSTEAD = {
  adam = "adamw { weight_decay = 0 }", adamw_pytorch = "adamw {}",
  cosine_annealing = "cosine {}", cosine_with_restarts = "cosine_restarts { cycles = 3 }",
  cosine_with_min_lr = "cosine { floor = 0.1 }", constant_with_warmup = "constant { warmup = 0.05 }", wsd =
    "warmup_stable_decay {}", regularization = "images { dir = …, prior = true }", folder = "images { dir = … }",
  dataset = "images { dir = … }", dreambooth = "images { dir = …, trigger = …, class = … }", l1 = "mae {}", l2 = "mse {}",
  smooth_l1 = "huber {}", lognorm = "logit_normal {}", flux_shifted = "flux_shift {}", finetune = "full {}",
  full_finetune = "full {}", flux1 = "flux { path = … }", flux_dev = "flux { path = … }", flux_schnell =
    "flux { path = … }", flux1_dev = "flux { path = … }", flux1_schnell = "flux { path = … }",
}

local function plain(name) return (tostring(name):lower():gsub("[%s%-%.]", "_")) end

local function registry_of(name)
  for registry, names in pairs(NAMES) do
    if (" " .. names .. " "):find(" " .. name .. " ", 1, true) then return registry end
  end
end

local NOUNS = { family = "model family", timesteps = "law of the noise time", data = "kind of data set" }

local PLURALS = { family = "families", network = "networks", optimizer = "optimizers", schedule = "schedules", data = "data sets",
  timesteps = "laws", loss = "losses" }

--- Gives what and fix for a kind that other trainers know and that is not here; nothing for any other name.
---@param name string
---@return { what: string, fix: string }?
function elsewhere.words(name)
  local word = plain(name)
  local instead, registry = INSTEAD[word], registry_of(word)
  if instead then
    return { what = ("nothing is named '%s' here"):format(name), fix = "what it does is written " .. instead }
  end
  if not registry then return nil end
  return { what = ("%s: this %s is not there yet in this version"):format(name, NOUNS[registry] or registry),
    fix = ("%s that are there: %s"):format(PLURALS[registry], table.concat(schema.kinds(registry), ", ")) }
end

return elsewhere
