--- Pictures while training: always the same prompts from the same noise, so that
--- the sheets of two steps show what training changed and nothing else.
--
--   samples/000250/000.png …   one per prompt      samples/000250.png   the sheet
-- Step 0, before any training, is drawn too.

local render = {}

local function options_of(r, negative_text)
  return { width = r.size[1], height = r.size[2], steps = r.steps, guidance = r.guidance, seed = r.seed,
    sampler = r.sampler, negative = r.negative, true_cfg = r.true_cfg, negative_text = negative_text }
end

--- Texts first, then the denoiser, then the VAE: none is in memory for another's sake.
local function draw_all(run)
  local r = run.settings.render
  local texts, latents, pictures = run.cache:texts(render.prompts(run.settings)), {}, {}
  local options = options_of(r, texts[#r.prompts + 1])
  for i = 1, #r.prompts do latents[i] = lorarun.render.sample(run.model, texts[i], i, options) end
  for i = 1, #r.prompts do pictures[i] = lorarun.render.decode(run.model, latents[i]) end
  run.model:release("vae")
  return pictures
end

--- Gives the prompts and the negative one, so that their embeddings are cached with the captions'.
function render.prompts(settings)
  local r = settings.render
  if not r then return {} end
  local prompts = { unpack(r.prompts) }
  prompts[#prompts + 1] = r.negative
  return prompts
end

--- Draws all prompts with the averaged weights, if there are any, and writes pictures and sheet.
function render.draw(run, step)
  local r, folder = run.settings.render, ("%s/samples/%06d"):format(run.folder, step)
  lorarun.system.make_folder(folder)
  local model = run.settings.model.path:match("([^/]+)/*$")
  run.trainer:swap_ema()
  local done, problem = pcall(lorarun.scope, function()
    local pictures = draw_all(run)
    for i, prompt in ipairs(r.prompts) do
      lorarun.image.save(("%s/%03d.png"):format(folder, i - 1), pictures[i],
        { parameters = lorarun.render.parameters(prompt, options_of(r), model) })
    end
    local columns = math.ceil(math.sqrt(#pictures))
    local sheet = lorarun.image.sheet(pictures, columns,
      { title = ("%s  step %d"):format(run.name, step), captions = r.prompts, text_scale = r.size[1] < 384 and 1 or 2 })
    lorarun.image.save(folder .. ".png", sheet)
    run.records:picture(step, "samples", sheet)
  end)
  run.trainer:swap_ema()
  if not done then error(problem, 0) end
  run.records:event(step, "render", { pictures = #r.prompts, folder = ("samples/%06d"):format(step) })
end

return render
