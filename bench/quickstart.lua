--- What a LoRA of a drawn character is worth: identity, leak, prompt following, and the VAE under all of it.
--
--   run      lorarun --trust bench/quickstart.lua --lora runs/quickstart/checkpoints/quickstart-001000.safetensors
--   options  --base examples/quickstart/base  --embedder BASE/embedder  --character mimo  --seed 1  --count 24
--            --steps 16  --guidance 3.5  --cfg 1 (above 1: two passes a step)  --size 128
--            --out runs/bench_quickstart  --json FILE  --vae (only the VAE)
--   prints   a Markdown table: base, LoRA, and the world's own drawings of the same prompts, which nobody can exceed
--   leaves   OUT/seed1/base/…, OUT/seed1/lora/… and drawn/…: pictures and contact sheets
--
-- Two groups of prompts, sampled from seeds that nothing trains on: the character in other scenes, and control
-- prompts without its name. Base and LoRA start from the same noise. --seed is the noise; prompts stay the same.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local part = dofile(here .. "/../examples/creatures/draw/init.lua")
local world, characters = part "world", part "characters"
local embedder = require "lorarun.embedder"
local metrics = require "lorarun.picture_metrics"
local system, tensor = lorarun.system, lorarun.tensor

local JUDGE_SEEDS = { character = 4001, control = 4002, vae = 4003 }
local ASKED = { character = { "place", "pose", "time" }, control = { "colour", "place", "pose" } }
local GROUPS = { "character", "control" }
local SWITCHES = { vae = true }
local NUMBERS = { seed = 1, count = 24, steps = 16, guidance = 3.5, cfg = 1, size = 128 }
local TEXTS = { base = "examples/quickstart/base", lora = false, character = characters.QUICKSTART, embedder = false,
  out = "runs/bench_quickstart", json = false }

local function options(words)
  local given, i = {}, 1
  for name, value in pairs(NUMBERS) do given[name] = value end
  for name, value in pairs(TEXTS) do given[name] = value end
  while i <= #words do
    local name = words[i]:match("^%-%-(%w+)$")
    if SWITCHES[name] then
      given[name] = true
    elseif NUMBERS[name] then
      i, given[name] = i + 1, tonumber(words[i + 1]) or error(words[i] .. " needs a number", 0)
    elseif TEXTS[name] ~= nil then
      i, given[name] = i + 1, words[i + 1] or error(words[i] .. " needs a word", 0)
    else
      error("no option " .. words[i] .. "; the head of bench/quickstart.lua lists them", 0)
    end
    i = i + 1
  end
  given.embedder = given.embedder or given.base .. "/embedder"
  return given
end

--- Gives the attributes of a group's pictures; a caption says all that is asked.
local function attributes_of(group, given)
  local list = {}
  for i = 1, given.count do
    local at = world.sample(JUDGE_SEEDS[group], i)
    list[i] = group == "character" and characters.dress(given.character, at) or at
  end
  return list
end

local function asked_of(group, list)
  local all = {}
  for i, at in ipairs(list) do
    all[i] = {}
    for _, name in ipairs(ASKED[group]) do all[i][name] = at[name] end
  end
  return all
end

local function draw_all(list, size_px)
  local pictures, boxes = {}, {}
  for i, at in ipairs(list) do pictures[i], boxes[i] = world.draw(at, size_px) end
  return tensor.stack(pictures, 1), boxes
end

local function quoted(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

local function this_program()
  local pipe = assert(io.popen("readlink /proc/$PPID/exe"))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

--- Gives the hashes of all weights of the base: pictures of another base are not read again.
local function weights_of(base)
  local hashes = {}
  for _, component in ipairs { "text_encoder", "text_encoder_2", "transformer", "vae" } do
    for _, file in ipairs(system.list(base .. "/" .. component)) do
      hashes[#hashes + 1] = system.sha256_file(base .. "/" .. component .. "/" .. file)
    end
  end
  return table.concat(hashes, "\n")
end

local function load_all(folder, count)
  local pictures = {}
  for i = 1, count do pictures[i] = lorarun.image.load(("%s/%03d.png"):format(folder, i - 1)) end
  return tensor.stack(pictures, 1)
end

--- Renders prompts as `lorarun sample` does; what the same command drew before is read again.
local function render(folder, prompts, lora, given)
  local words = { quoted(this_program()), "sample", quoted(given.base), "--prompts", quoted(folder .. "/prompts.txt"),
    "--size", ("%dx%d"):format(given.size, given.size), "--steps", given.steps, "--guidance", given.guidance,
    "--true-cfg", given.cfg, "--seed", given.seed, "--out", quoted(folder) }
  if lora then
    words[#words + 1] = "--lora"
    words[#words + 1] = quoted(lora)
  end
  local command, text = table.concat(words, " "), table.concat(prompts, "\n") .. "\n"
  local made_by = command .. "\n" .. text .. (lora and system.sha256_file(lora) .. "\n" or "") .. weights_of(given.base) .. "\n"
  local note = folder .. "/made_by.txt"
  if not (system.exists(note) and system.read(note) == made_by) then
    system.make_folder(folder)
    system.write(folder .. "/prompts.txt", text)
    if os.execute(command .. " >&2") ~= 0 then error("rendering failed: " .. command, 0) end
    system.write(note, made_by)
  end
  return load_all(folder, #prompts)
end

local function captions_of(list)
  local prompts = {}
  for i, at in ipairs(list) do prompts[i] = world.caption(at) end
  return prompts
end

local function keep_drawn(folder, pictures, prompts)
  system.make_folder(folder)
  local list = {}
  for i = 1, pictures:size(1) do list[i] = pictures[i] end
  lorarun.image.save(folder .. "/sheet.png", lorarun.image.sheet(list, math.ceil(math.sqrt(#list)), { captions = prompts }))
end

--- What one set of pictures of a group is worth. `references` = { heldout, train }, embedded pictures of the character.
local function judged(eye, pictures, asked, references)
  local rows = eye.embed(pictures)
  local identity = { centroid = metrics.identity(rows, references.heldout).centroid,
    nearest = metrics.identity(rows, references.train).nearest }
  return { rows = rows, identity = identity, variety = metrics.variety(rows),
    following = metrics.following(asked, eye.classify(pictures)) }
end

--- Renders and judges a group: { base, lora, drawn }.
local function measure_group(group, given, eye, references)
  local list = attributes_of(group, given)
  local prompts, asked, folder = captions_of(list), asked_of(group, list), ("%s/seed%d/"):format(given.out, given.seed)
  local drawn = draw_all(list, given.size)
  keep_drawn(given.out .. "/drawn/" .. group, drawn, prompts)
  local measured = { drawn = judged(eye, drawn, asked, references) }
  measured.base = judged(eye, render(folder .. "base/" .. group, prompts, nil, given), asked, references)
  if given.lora then
    local tag = system.sha256(system.absolute(given.lora)):sub(1, 8)
    measured.lora = judged(eye, render(folder .. "lora-" .. tag .. "/" .. group, prompts, given.lora, given), asked, references)
  end
  return measured
end

--- Mean PSNR of drawings that the VAE encodes and decodes, whole and in the creature's box.
local function measure_vae(given)
  local model, list = lorarun.model.open(given.base), {}
  for i = 1, given.count do list[i] = world.sample(JUDGE_SEEDS.vae, i) end
  local pictures, boxes = draw_all(list, given.size)
  local whole, inside, worst = 0, 0, math.huge
  for i = 1, given.count do
    lorarun.scope(function()
      local picture = pictures[i]
      local rebuilt = model:decode_image(model:encode_image((picture * 2 - 1):unsqueeze(1)))[1] / 2 + 0.5
      rebuilt = rebuilt:clamp(0, 1)
      local in_box = metrics.psnr(picture, rebuilt, boxes[i])
      whole, inside, worst = whole + metrics.psnr(picture, rebuilt), inside + in_box, math.min(worst, in_box)
    end)
  end
  model:free()
  return { psnr = whole / given.count, psnr_in_box = inside / given.count, psnr_in_box_worst = worst, pictures = given.count }
end

local function number(value, form) return value and (form or "%.3f"):format(value) or "–" end

local function percent(value) return value and ("%.0f %%"):format(100 * value) or "–" end

local function add_row(lines, name, of, show)
  local base, lora, drawn = of("base"), of("lora"), of("drawn")
  lines[#lines + 1] = ("| %s | %s | %s | %s |"):format(name, show(base), show(lora), show(drawn))
end

--- The table of docs/benchmarks.md.
local function table_of(groups, leak, given)
  local lines = { ("| %s, seed %d, %d prompts a group, %d steps, guidance %g | base | LoRA | drawn |"):format(given.character,
    given.seed, given.count, given.steps, given.guidance), "|---|---|---|---|" }
  local function of(group, read)
    return function(column) return groups[group][column] and read(groups[group][column]) end
  end
  add_row(lines, "identity: cosine to the held-out pictures' centroid",
    of("character", function(m) return m.identity.centroid end), number)
  add_row(lines, "identity: cosine to the nearest training picture", of("character", function(m) return m.identity.nearest end), number)
  add_row(lines, "variety of the character's pictures", of("character", function(m) return m.variety end), number)
  add_row(lines, "control prompts: cosine to the same centroid", of("control", function(m) return m.identity.centroid end), number)
  add_row(lines, "variety of the control pictures", of("control", function(m) return m.variety end), number)
  for _, group in ipairs(GROUPS) do
    add_row(lines, group .. " prompts followed", of(group, function(m) return m.following.all end), percent)
    for _, name in ipairs(ASKED[group]) do
      add_row(lines, "… " .. name, of(group, function(m) return m.following.by[name] end), percent)
    end
  end
  if leak then
    lines[#lines + 1] = ""
    lines[#lines + 1] = ("leak into control prompts: toward the character %s, shift %s, moved %s, Fréchet %s"):format(
      number(leak.toward), number(leak.shift, "%.4f"), number(leak.moved), number(leak.frechet, "%.4f"))
  end
  return table.concat(lines, "\n")
end

--- The figures without the embeddings, for --json.
local function plain(groups)
  local all = {}
  for group, columns in pairs(groups) do
    all[group] = {}
    for column, m in pairs(columns) do
      all[group][column] = { identity = m.identity, variety = m.variety, following = m.following }
    end
  end
  return all
end

local function measure(given)
  local eye = embedder.open(given.embedder)
  local references = {}
  for _, split in ipairs { "train", "heldout" } do
    references[split] = eye.embed((draw_all(characters.pictures(given.character, split), given.size)))
  end
  local groups, leak = {}, nil
  for _, group in ipairs(GROUPS) do groups[group] = measure_group(group, given, eye, references) end
  if given.lora then leak = metrics.leak(groups.control.base.rows, groups.control.lora.rows, references.heldout) end
  print(table_of(groups, leak, given))
  return { groups = plain(groups), leak = leak }
end

local given = options(arg)
local answer = { options = given, machine = system.machine() }
if not given.vae then
  local measured = measure(given)
  answer.groups, answer.leak = measured.groups, measured.leak
end
answer.vae = measure_vae(given)
print(("\nVAE on %d held-out drawings: PSNR %.1f dB, in the creature's box %.1f dB (worst %.1f dB)"):format(answer.vae.pictures,
  answer.vae.psnr, answer.vae.psnr_in_box, answer.vae.psnr_in_box_worst))
if given.json then system.write(given.json, system.encode_pretty(answer) .. "\n") end
