--- Vocabularies made from sentences.

local tokenizer, system = lorarun.tokenizer, lorarun.system

local SENTENCES = {}
for i = 1, 20 do
  SENTENCES[#SENTENCES + 1] = "a photo of a red ball on the table, number " .. i .. "."
  SENTENCES[#SENTENCES + 1] = "the red bird sings; another photo shows the lower river."
end

test("train_clip makes a folder that open_clip reads", function(t)
  local folder = system.temporary_folder()
  t.equal(tokenizer.train_clip(SENTENCES, 540, folder), 540)
  local clip = tokenizer.open_clip(folder)
  t.equal(clip:size(), 540)
  t.equal(#clip:encode("photo"), 3)
  t.equal(clip:decode(clip:encode("red 日本 ball")), "red 日本 ball")
end)

test("train_t5 folds case and writes its length when asked to", function(t)
  local folder = system.temporary_folder()
  t.ok(tokenizer.train_t5(SENTENCES, 60, folder, { fold_case = true, max_length = 40 }) <= 60)
  local t5 = tokenizer.open_t5(folder)
  t.equal(t5:encode("A Red BIRD"), t5:encode("a red bird"))
  t.equal(system.decode(system.read(folder .. "/tokenizer_config.json")).model_max_length, 40)
end)

test("without fold_case an unseen capital is unknown", function(t)
  local folder = system.temporary_folder()
  tokenizer.train_t5(SENTENCES, 60, folder)
  local t5 = tokenizer.open_t5(folder)
  t.ok(#t5:encode("RED") ~= #t5:encode("red"))
  t.equal(system.decode(system.read(folder .. "/tokenizer_config.json")).model_max_length, 512)
end)

test("what cannot work is refused", function(t)
  t.fails(function() tokenizer.train_clip({ "a" }, 513, system.temporary_folder()) end, "too small")
  t.fails(function() tokenizer.train_t5(SENTENCES, 60, system.temporary_folder(), { fold = true }) end, "fold_case")
end)
