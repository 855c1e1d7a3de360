--- How to go on after a run: commands that stand as they are, for the folder they are shown in.

local words = require "lorarun.report.words"

local commands = {}

local system, near = lorarun.system, words.near

--- Gives a word as a shell reads it.
function commands.quote(word)
  word = tostring(word)
  if word:match("^[%w@%%+=:,./_-]+$") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- "./lorarun" where that is how it was started.
local function program() return system.exists("lorarun") and not system.is_folder("lorarun") and "./lorarun" or "lorarun" end

--- Gives a command of this program as a shell reads it.
function commands.line(...)
  local quoted = { program() }
  for _, word in ipairs { ... } do quoted[#quoted + 1] = commands.quote(word) end
  return table.concat(quoted, " ")
end

--- The words after `--prompt`: drawn as the run's own pictures are.
local function look_of(settings)
  local r = settings.render
  if not r then return { "--prompt", "a picture" } end
  local look = { "--prompt", r.prompts[1], "--size", ("%dx%d"):format(r.size[1], r.size[2]), "--steps", ("%d"):format(r.steps),
    "--guidance", ("%g"):format(r.guidance) }
  if r.true_cfg ~= 1 then
    for _, word in ipairs { "--true-cfg", ("%g"):format(r.true_cfg), "--negative", r.negative } do look[#look + 1] = word end
  end
  return look
end

local line = commands.line

local function sample(facts, model, lora)
  local all = { "sample", model }
  if lora then all[#all + 1], all[#all + 2] = "--lora", near(lora) end
  for _, word in ipairs(look_of(facts.settings)) do all[#all + 1] = word end
  all[#all + 1], all[#all + 2] = "--out", "pictures"
  return line(unpack(all))
end

local function to_draw(facts, list)
  if not facts.settings or not facts.lora then return end
  if facts.settings.network.kind == "full" then
    list[#list + 1] = { what = "write the model as a folder", command = line("export",
      near(facts.settings.model.path), facts.name .. "_model", "--weights", near(facts.lora.path)) }
    list[#list + 1] = { what = "draw with it", command = sample(facts, facts.name .. "_model") }
    return
  end
  list[#list + 1] = { what = "draw with the LoRA", command = sample(facts, near(facts.settings.model.path), facts.lora.path) }
  if facts.best_lora then
    list[#list + 1] = { what = "draw with the best one measured",
      command = sample(facts, near(facts.settings.model.path), facts.best_lora) }
  end
  list[#list + 1] = { what = "names that other programs read", command = line("convert", near(facts.lora.path),
    facts.name .. "_comfy.safetensors", "--to", "comfy") }
end

--- Gives how to go on: { { what, command }, … }.
---@param facts table   of report.facts
function commands.of(facts)
  local list, further = {}, ("%d"):format(2 * math.max(1, facts.steps or 1))
  to_draw(facts, list)
  if facts.status == "complete" then
    list[#list + 1] = { what = "train on, to twice the steps", command = line(near(facts.folder), "--steps", further) }
  else
    list[#list + 1] = { what = "go on from here", command = line(near(facts.folder)) }
  end
  list[#list + 1] = { what = "a prompt into the run while it trains", command = line("attach", facts.word) }
  if facts.lora and facts.settings and facts.fork_at < facts.steps then
    list[#list + 1] = { what = "another choice from the same moment", command = line("fork", facts.word, "--at",
      ("%d"):format(facts.fork_at), "--set", ("optimizer.lr=%g"):format(facts.settings.optimizer.lr / 2),
      "--name", facts.name .. "_calmer") }
  end
  local how = facts.device == "cpu" and ", to the bit" or ""
  list[#list + 1] = { what = "prove that it can be made again" .. how, command = line("replay", facts.word) }
  list[#list + 1] = { what = "everything that happened", command = line("log", facts.word) }
  return list
end

return commands
