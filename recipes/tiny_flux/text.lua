--- The first stage of the small FLUX: its vocabularies, and the shapes of all its parts.
--
--   run      ./lorarun recipes/tiny_flux/text.lua --trust --out models/tiny_flux
--   options  --captions 20000  --seed 7
--   leaves   OUT/tokenizer, OUT/tokenizer_2, OUT/scheduler, and a config.json with a random.json for each part:
--            a whole base of the FLUX.1 layout whose weights are random numbers; the next stages train them
--
-- The sentences are captions of the drawn world (examples/creatures), those of its six characters, and English
-- words that people type into prompts.  What the world says most often becomes whole pieces; an unknown word
-- falls apart into letters, in CLIP's vocabulary into bytes.

local system = lorarun.system
local part = dofile(system.share() .. "/examples/creatures/draw/init.lua")
local world, characters, caption = part "world", part "characters", part "caption"

local CLIP_SIZE, T5_SIZE = 1024, 768
local CLIP_LENGTH = 77
local HELD = 0.999 -- of the captions fit into T5's length
local LENGTH_STEP = 8

-- Words of prompts that the world does not say, or says rarely.
local PROMPT_WORDS = [[
a an the this that these those one two three four five many some no not and or but with without of in on at by to from into
onto over under above below between behind before after next near beside around through across up down out off inside outside
is are was be being has have had having it its he she they his her their him them who which what where when while as like for
very so just only all each both more most less lot little large tiny huge giant short old young new same other another
photo picture image drawing painting illustration portrait sketch print sticker poster style ink risograph watercolor cartoon
close-up view front side back top bottom middle left right full body face looking facing
creature character monster animal friend cat dog fox bear rabbit mouse bird fish frog owl dragon robot ghost person man woman
colour color black grey gray gold golden silver violet turquoise cyan crimson lime dark light bright pale pastel colourful
round square tall wide fat thin soft furry fluffy smooth spotted striped dotted shiny cute happy sad angry tired sleepy funny
eye eyes ear ears horn horns antenna antennae tail mouth nose arm arms leg legs hand hands foot feet wing wings belly hair
wearing holding standing sitting waving jumping sleeping running walking flying swimming dancing playing eating reading
smiling laughing looking sitting lying asleep awake hat cap crown scarf tie glasses dress shirt shoes coat
grass forest beach snow desert mountain mountains street room moon meadow field garden park city town village house home
kitchen bedroom window door wall floor hill lake river sea ocean island sand tree trees flower flowers rock cloud clouds sky
sun sunny star stars space planet water ice fire road bridge castle cave tent table chair bed sofa lamp book cake
day night morning noon evening dawn dusk sunset sunrise midnight winter summer spring autumn
rain rainy rainbow snowing snowfall storm wind fog misty cloudy clear weather warm cold falling
ball balloon mushroom lantern gift present box bag candle cup apple umbrella kite boat car train bicycle
background scene world beautiful detailed simple high low quality small medium big
]]
local PROMPT_WORD_COUNT = 24 -- sentences that say each of them
local LETTERS = [[
a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9
. , ; : ! ? ' " - _ ( ) [ ] { } / \ & + * = % # @ $ ~ ^ | < > `
à á â ä å æ ç è é ê ë ì í î ï ñ ò ó ô ö ø œ ß ù ú û ü ý ÿ
]]

local KNOWN = { out = "models/tiny_flux", captions = 20000, seed = 7 }

local function options(words)
  local given = {}
  for name, value in pairs(KNOWN) do given[name] = value end
  for i = 1, #words, 2 do
    local name = words[i]:match("^%-%-(%w+)$")
    if KNOWN[name] == nil then error("no option " .. words[i] .. "; options: --out --captions --seed", 0) end
    local value = words[i + 1]
    if type(KNOWN[name]) == "number" then value = tonumber(value) end
    given[name] = value or error(words[i] .. " needs a value", 0)
  end
  return given
end

-- ---- sentences ----

local function drawn_captions(given)
  local all = {}
  for i = 0, given.captions - 1 do
    all[#all + 1] = lorarun.scope(function() return world.caption(world.sample(given.seed, i)) end)
  end
  return all
end

local function character_captions()
  local all = {}
  for _, name in ipairs(characters.names) do
    for _, split in ipairs({ "train", "heldout" }) do
      for _, at in ipairs(characters.pictures(name, split)) do
        for phrasing = 1, caption.PHRASINGS do all[#all + 1] = world.caption(at, phrasing) end
      end
    end
  end
  return all
end

local function prompt_words()
  local all = {}
  for i = 1, PROMPT_WORD_COUNT do all[i] = (PROMPT_WORDS:gsub("%s+", " ")) end
  all[#all + 1] = (LETTERS:gsub("%s+", " "))
  return all
end

-- SentencePiece takes a string for a piece only where two different words hold it: here each word does, with
-- a comma and with a full stop after it.
local function words_with_stops(sentences)
  local seen, all = {}, {}
  for _, text in ipairs(sentences) do
    for word in text:gmatch("%a+") do
      if not seen[word] then
        seen[word], all[#all + 1] = true, word .. ", " .. word .. "."
      end
    end
  end
  return all
end

local function joined(...)
  local all = {}
  for _, list in ipairs({ ... }) do
    for _, text in ipairs(list) do all[#all + 1] = text end
  end
  return all
end

-- ---- measures ----

local function lengths_of(tokenizer, sentences)
  local lengths = {}
  for i, text in ipairs(sentences) do lengths[i] = #tokenizer:encode(text) end
  table.sort(lengths)
  return lengths
end

-- The shortest multiple of LENGTH_STEP into which HELD of the texts fit.
local function length_that_holds(lengths)
  local needed = lengths[math.ceil(HELD * #lengths)]
  return math.ceil(needed / LENGTH_STEP) * LENGTH_STEP
end

-- Words that the sentences say, and how many of them are one piece.
local function whole_words(tokenizer, sentences, specials)
  local seen, words, whole = {}, 0, 0
  for _, text in ipairs(sentences) do
    for word in text:gmatch("%a+") do
      if not seen[word] then
        seen[word], words = true, words + 1
        if #tokenizer:encode(word) == 1 + specials then whole = whole + 1 end
      end
    end
  end
  return whole, words
end

-- ---- the parts ----

-- A whole number is written without a point, which transformers refuses for its fractions; such keys keep its defaults.
local VERSION = "0.42.1"

local function model_index()
  return {
    _class_name = "FluxPipeline", _diffusers_version = VERSION,
    scheduler = { "diffusers", "FlowMatchEulerDiscreteScheduler" },
    text_encoder = { "transformers", "CLIPTextModel" }, text_encoder_2 = { "transformers", "T5EncoderModel" },
    tokenizer = { "transformers", "CLIPTokenizer" }, tokenizer_2 = { "transformers", "T5Tokenizer" },
    transformer = { "diffusers", "FluxTransformer2DModel" }, vae = { "diffusers", "AutoencoderKL" },
  }
end

local function scheduler()
  return {
    _class_name = "FlowMatchEulerDiscreteScheduler", _diffusers_version = VERSION, num_train_timesteps = 1000, shift = 3.0,
    use_dynamic_shifting = true, base_shift = 0.5, max_shift = 1.15, base_image_seq_len = 256, max_image_seq_len = 4096,
  }
end

local function clip_config(vocabulary)
  return {
    architectures = { "CLIPTextModel" }, model_type = "clip_text_model", vocab_size = vocabulary,
    hidden_size = 64, num_hidden_layers = 2, num_attention_heads = 4, intermediate_size = 256, projection_dim = 64,
    max_position_embeddings = CLIP_LENGTH, hidden_act = "quick_gelu", layer_norm_eps = 1e-5,
    bos_token_id = vocabulary - 2, eos_token_id = vocabulary - 1, pad_token_id = vocabulary - 1,
    initializer_range = 0.02, dtype = "float32",
  }
end

local function t5_config(vocabulary)
  return {
    architectures = { "T5EncoderModel" }, model_type = "t5", vocab_size = vocabulary,
    num_layers = 3, d_model = 128, num_heads = 4, d_kv = 32, d_ff = 256, feed_forward_proj = "gated-gelu",
    is_gated_act = true, dense_act_fn = "gelu_new", num_decoder_layers = 3, dropout_rate = 0.1, layer_norm_epsilon = 1e-6,
    relative_attention_num_buckets = 32, relative_attention_max_distance = 128,
    is_encoder_decoder = false, use_cache = false, tie_word_embeddings = true, eos_token_id = 1, pad_token_id = 0,
    dtype = "float32",
  }
end

local function transformer_config()
  return {
    _class_name = "FluxTransformer2DModel", _diffusers_version = VERSION, patch_size = 1, in_channels = 64,
    num_layers = 2, num_single_layers = 4, num_attention_heads = 4, attention_head_dim = 48, axes_dims_rope = { 8, 20, 20 },
    joint_attention_dim = 128, pooled_projection_dim = 64, guidance_embeds = true,
  }
end

local function four(text) return { text, text, text, text } end

local function vae_config()
  return {
    _class_name = "AutoencoderKL", _diffusers_version = VERSION, in_channels = 3, out_channels = 3, sample_size = 128,
    latent_channels = 16, block_out_channels = { 24, 32, 48, 64 }, layers_per_block = 1, norm_num_groups = 8,
    down_block_types = four "DownEncoderBlock2D", up_block_types = four "UpDecoderBlock2D", act_fn = "silu",
    mid_block_add_attention = false, use_quant_conv = false, use_post_quant_conv = false, force_upcast = true,
    scaling_factor = 1.0, shift_factor = 0.0,
  }
end

-- ---- the script ----

local function write(path, value) system.write(path, system.encode_pretty(value) .. "\n") end

local function write_part(folder, config)
  system.make_folder(folder)
  write(folder .. "/config.json", config)
  write(folder .. "/random.json", { seed = 0 })
end

local function write_shapes(out, clip_size, t5_size)
  system.make_folder(out .. "/scheduler")
  write(out .. "/model_index.json", model_index())
  write(out .. "/scheduler/scheduler_config.json", scheduler())
  write_part(out .. "/text_encoder", clip_config(clip_size))
  write_part(out .. "/text_encoder_2", t5_config(t5_size))
  write_part(out .. "/transformer", transformer_config())
  write_part(out .. "/vae", vae_config())
end

local function say(...) print((...):format(select(2, ...))) end

local function say_lengths(name, lengths, limit)
  local sum = 0
  for _, length in ipairs(lengths) do sum = sum + length end
  say("%-5s ids a caption: %.1f on average, %d in 99.9 %%, at most %d; cut at %d", name, sum / #lengths,
    lengths[math.ceil(HELD * #lengths)], lengths[#lengths], limit)
end

local function say_parameters(out)
  local model, all = lorarun.model.open(out), 0
  for _, component in ipairs({ "clip_l", "t5", "transformer", "vae" }) do
    local count = 0
    for _, weight in pairs(model:weights(component)) do count = count + weight:numel() end
    all = all + count
    say("%-12s %9d parameters", component, count)
  end
  say("%-12s %9d parameters", "all", all)
end

local given = options(arg)
local drawn, named = drawn_captions(given), character_captions()
local sentences = joined(drawn, named, prompt_words())

local t5_sentences = joined(sentences, words_with_stops(sentences))

local clip_folder, t5_folder = given.out .. "/tokenizer", given.out .. "/tokenizer_2"
local clip_size = lorarun.tokenizer.train_clip(sentences, CLIP_SIZE, clip_folder)
lorarun.tokenizer.train_t5(t5_sentences, T5_SIZE, t5_folder, { fold_case = true })
local clip, t5 = lorarun.tokenizer.open_clip(clip_folder), lorarun.tokenizer.open_t5(t5_folder)
local lengths = lengths_of(t5, drawn)
local t5_length = length_that_holds(lengths)
lorarun.tokenizer.train_t5(t5_sentences, T5_SIZE, t5_folder, { fold_case = true, max_length = t5_length })

write_shapes(given.out, clip_size, t5:size())
say("clip  %d tokens, %d of %d words whole", clip_size, whole_words(clip, joined(drawn, named), 2))
say_lengths("clip", lengths_of(clip, drawn), CLIP_LENGTH)
say("t5    %d pieces, %d of %d words whole", t5:size(), whole_words(t5, joined(drawn, named), 1))
say_lengths("t5", lengths, t5_length)
say_parameters(given.out)
say("a base with random weights is in %s", given.out)
