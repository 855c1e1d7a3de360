--- `lorarun rerun FILE.safetensors`: trains again from the recipe that the file itself carries.

local run_folder = require "lorarun.run_folder"
local train = require "lorarun.train"
local verbs = require "lorarun.verbs"

local verb = { usage = "rerun FILE.safetensors [--name X] [--data DIR] [--model PATH] [--set K=V] " ..
  "[--any-data] [--runs DIR] [--json]", switches = { "any-data", "json" }, valued = { "name", "data", "model", "runs" },
  lists = { "set" } }

local system = lorarun.system

--- The recipe in a file's header, and the header.
local function recipe_of(path)
  local header = lorarun.tensor.metadata(path)
  local text = header["lorarun.recipe"]
  local good, found = pcall(function() return system.decode(text, path) end)
  if text and good and type(found) == "table" and type(found.text) == "string" then return found, header end
  lorarun.fail { what = "the file carries no recipe", where = path,
    fix = text and "its entry lorarun.recipe is damaged: use a copy that is whole"
      or "only files that lorarun wrote carry one, and programs that rewrite a file may drop it" }
end

local function settings_over(recorded, arguments)
  local set = { unpack(recorded.set or {}) }
  for _, pair in ipairs(verbs.recipe_options({ set = arguments.set }).set or {}) do set[#set + 1] = pair end
  if arguments.data then set[#set + 1] = { "data.dir", arguments.data } end
  if arguments.model then set[#set + 1] = { "model.path", arguments.model } end
  return set
end

--- Tells, or refuses, when the pictures are not those that the file was trained on.
local function data_check(recorded, path, any_data)
  return function(run)
    if not recorded.data_hash or run.data_hash == recorded.data_hash then return end
    if any_data then
      return system.log("pictures or captions are others than those that " .. path .. " was trained on", "warn")
    end
    lorarun.fail { what = "pictures or captions are others than those that the file was trained on", where = path,
      fix = "name the folder with --data DIR, or train on what is there with --any-data" }
  end
end

local function options_of(path, arguments)
  local recorded, header = recipe_of(path)
  if recorded.live then
    system.log(("%s was made with %d changes while it trained; its recipe alone does not hold them: lorarun replay of its run does")
      :format(path, recorded.live), "warn")
  end
  local name = arguments.name or header.ss_output_name or path:match("([^/]+)%.[^/.]+$")
  local runs = arguments.runs or "runs"
  return { recipe = system.absolute(name .. ".lua"), text = recorded.text, parts = recorded.parts, seed = recorded.seed,
    steps = tonumber(header.ss_max_train_steps), set = settings_over(recorded, arguments), name = name, runs = runs,
    fresh = not arguments.name and run_folder.manifest(runs .. "/" .. name) ~= nil, json = arguments.json,
    check_data = data_check(recorded, path, arguments["any-data"]) }
end

function verb.run(arguments)
  local path = arguments[1]
  if not path then
    lorarun.fail { what = "rerun needs a LoRA file", where = "the command line", fix = "usage: lorarun " .. verb.usage }
  end
  system.catch_signals()
  return train.run(options_of(path, arguments))
end

return verb
