--- recipes/tiny_flux/text.lua: the vocabularies and shapes of the small base.

local tokenizer, system = lorarun.tokenizer, lorarun.system

local SCRIPT = system.share() .. "/recipes/tiny_flux/text.lua"

-- Runs the script as the command line does; gives what it printed.
local function run(words)
  local said = {}
  local script = assert(loadfile(SCRIPT))
  setfenv(script, setmetatable({ arg = words, print = function(line) said[#said + 1] = line end }, { __index = _G }))
  script()
  return table.concat(said, "\n")
end

local out = system.temporary_folder()
local said = run { "--out", out, "--captions", "2000" }

test("words of the world are whole in both vocabularies, and unknown ones fall apart", function(t)
  local clip, t5 = tokenizer.open_clip(out .. "/tokenizer"), tokenizer.open_t5(out .. "/tokenizer_2")
  for _, word in ipairs { "creature", "antennae", "mountains", "sleeping", "mimo", "karu", "lantern" } do
    t.equal({ #clip:encode(word), #t5:encode(word) }, { 3, 2 })
  end
  local odd = "a Zebra juggles 7 knives!"
  t.equal(t5:decode(t5:encode(odd)), odd:lower())
  t.ok(#clip:encode("zebra") > 3)
  t.equal(clip:decode(clip:encode("日本 fox")), "日本 fox")
end)

test("captions fit into T5's length, a multiple of 8", function(t)
  local length = system.decode(system.read(out .. "/tokenizer_2/tokenizer_config.json")).model_max_length
  t.equal({ length, length % 8 }, { 40, 0 })
  t.ok(said:find("cut at 40", 1, true), said)
end)

test("the folder is a whole base whose parts fit together", function(t)
  local model = lorarun.model.open(out)
  t.equal({ model:family(), model:latent_channels(), model:embeds_guidance() }, { "flux", 16, true })
  local text = model:encode_text { "a red round creature, sitting on grass" }
  local sigma = lorarun.tensor.full({ 1 }, 0.5)
  local noisy = lorarun.tensor.zeros { 1, 16, 8, 8 }
  t.equal(model:predict(noisy, sigma, text):size(), { 1, 16, 8, 8 })
  t.equal(model:decode_image(noisy):size(), { 1, 3, 64, 64 })
  t.equal(text:embedding("t5"):size(), { 1, 40, 128 })
end)

test("the same captions make the same files", function(t)
  local again = system.temporary_folder()
  run { "--out", again, "--captions", "2000" }
  for _, file in ipairs { "tokenizer/vocab.json", "tokenizer/merges.txt", "tokenizer_2/spiece.model", "vae/config.json" } do
    t.equal(system.sha256_file(again .. "/" .. file), system.sha256_file(out .. "/" .. file))
  end
end)
