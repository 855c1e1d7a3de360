--- runs/NAME: finding it, locking it, and refusing a recipe that does not fit it.
--
--   recipe/<hash>.lua  journal.jsonl  metrics.jsonl  events.out.tfevents.*
--   checkpoints/  samples/  manifest.json
--
-- Invariant: one process at a time (a lock file with its id), and one structure
-- per folder: what shapes the weights (model, network, data, batch, optimizer,
-- seed) never changes inside a run.

local data_record = require "lorarun.data_record"
local schema = require "lorarun.schema"
local start = require "lorarun.start"

local run_folder = {}

local system = lorarun.system

local function flatten(value, path, into)
  if type(value) ~= "table" then
    into[path] = value
    return
  end
  for key, item in pairs(value) do
    local part = type(key) == "number" and ("[" .. key .. "]") or (path == "" and key or "." .. key)
    flatten(item, path .. part, into)
  end
end

--- Gives {["network.rank"] = 16, …}: everything that must stay as it is. Folders may move: pictures
--- are compared by content, the model by the recipe's own words.
function run_folder.structure(run)
  local all, fixed = {}, {}
  flatten(run.settings, "", all)
  for key, value in pairs(all) do
    if not schema.changes(key) and not key:find("^data%[%d+%]%.dir$") and not key:find("^data%[%d+%]%.script$") then fixed[key] = value end
  end
  fixed["model.path"] = run.recipe.base
  return fixed
end

--- What must stay as it is while the run goes: the structure, and what this start has opened.
local function standing(run)
  local fixed = run_folder.structure(run)
  fixed.name, fixed.device = run.settings.name, run.settings.device
  for i, set in ipairs(run.settings.data) do
    fixed["data[" .. i .. "].dir"], fixed["data[" .. i .. "].script"] = set.dir, set.script
  end
  return fixed
end

local function show(value) return value == nil and "absent" or tostring(value) end

--- A setting that came after a structure was written holds what it did without it.
local function is_default(key, value)
  local s, parent = schema.find(key), schema.find(key:match("^(.*)%.kind$") or "")
  if s then return s.default == value end
  return parent ~= nil and type(parent.default) == "table" and parent.default.kind == value
end

--- Gives the first key, in the schema's order, that differs between two structures, or nothing. What may change now
--- and could not when the older was written is no difference, nor is a new setting at its default.
function run_folder.first_difference(old, new)
  local keys = {}
  for key in pairs(old) do keys[#keys + 1] = key end
  for key in pairs(new) do
    if old[key] == nil then keys[#keys + 1] = key end
  end
  schema.sort(keys)
  for _, key in ipairs(keys) do
    local is_free = new[key] == nil and schema.changes(key)
    local is_new = old[key] == nil and is_default(key, new[key])
    if old[key] ~= new[key] and not is_free and not is_new then return key end
  end
end

--- Raises an error when the run was made with another structure.
function run_folder.check_structure(run, manifest)
  local new = run_folder.structure(run)
  local key = run_folder.first_difference(manifest.structure or {}, new)
  if not key then return end
  lorarun.fail {
    what = ("%s was %s when this run began and is %s now; it cannot change inside a run"):format(key,
      show(manifest.structure[key]), show(new[key])),
    where = run.recipe.path,
    fix = "start anew with --fresh, or change it back",
  }
end

--- Raises an error when a recipe cannot follow the run's while it goes.
function run_folder.check_reload(run, opened)
  local old, new = standing(run), standing { settings = opened.settings, recipe = opened }
  local key = run_folder.first_difference(old, new)
  if not key then return end
  local reason = schema.reason(key)
  lorarun.fail {
    what = ("%s cannot change inside a run%s (%s -> %s)"):format(key, reason and ": " .. reason or "", show(old[key]),
      show(new[key])),
    where = opened.path, fix = "change it back; for another value start anew with --fresh, or fork the run",
  }
end

--- Raises an error when pictures or captions are others than when the run began.
function run_folder.check_data(run, manifest)
  if not manifest.data or manifest.data.hash == run.data_hash then return end
  local changed = data_record.text(run)
  lorarun.fail {
    what = "pictures or captions changed since this run began, and with them the order of its batches"
      .. (changed ~= "" and ": " .. changed or ""),
    where = run.folder, fix = "put them back, or start anew with --fresh",
  }
end

local function manifest_path(folder) return folder .. "/manifest.json" end

--- Gives the manifest of a run folder, or nil.
function run_folder.manifest(folder)
  local path = manifest_path(folder)
  if not system.exists(path) then return nil end
  return system.decode(system.read(path), path)
end

--- Writes the manifest: what the run is and how it stands.
function run_folder.write_manifest(run, status)
  system.write(manifest_path(run.folder), system.encode_pretty {
    name = run.name, seed = run.settings.seed, steps = run.steps, step = run.step, status = status,
    recipe = { path = run.recipe.path, hash = run.recipe.hash }, data = { hash = run.data_hash },
    structure = run_folder.structure(run), device = run.device, card = run.card,
    model = start.model_of(run.settings), folder = system.absolute(run.folder), machine = system.machine(),
    attach = "lorarun attach " .. run.name, device_peak_bytes = (lorarun.device_memory.of(run.device) or {}).peak,
    peak_bytes = lorarun.memory().process_peak_bytes, written = system.now(), format = 1,
  } .. "\n")
end

local function fresh_name(runs, name)
  local number, candidate = 1, name
  while system.exists(runs .. "/" .. candidate) do
    number = number + 1
    candidate = name .. "-" .. number
  end
  return candidate
end

--- Gives name and folder of the run; with `fresh` a name that is not taken.
function run_folder.choose(options, name)
  local runs = options.runs or "runs"
  if options.fresh then name = fresh_name(runs, name) end
  return name, runs .. "/" .. name
end

--- Gives the names of the runs in a folder.
function run_folder.names(runs)
  local names = {}
  for _, name in ipairs(system.list(runs)) do
    if system.exists(manifest_path(runs .. "/" .. name)) then names[#names + 1] = name end
  end
  return names
end

--- Gives the folder of the run that a word of the command line means: a name in `runs`, or a path.
function run_folder.find(word, runs)
  runs = runs or "runs"
  if not word then
    lorarun.fail { what = "no run is named", where = "the command line", fix = "give a run's name or its folder" }
  end
  for _, folder in ipairs { runs .. "/" .. word, word } do
    if system.exists(manifest_path(folder)) then return (folder:gsub("/+$", "")) end
  end
  local names = run_folder.names(runs)
  local close = system.nearest(word, names)
  lorarun.fail { what = "there is no run '" .. word .. "'", where = system.absolute(runs),
    fix = (close and ("did you mean '" .. close .. "'?  ") or "") .. (#names > 0 and "runs: " .. table.concat(names, ", ")
      or "give the folder of a run, or --runs DIR") }
end

--- Keeps the text that is in force, under its hash.
function run_folder.keep_recipe(run)
  system.write(run.folder .. "/recipe/" .. run.recipe.hash:sub(1, 16) .. ".lua", run.recipe.text)
end

--- Makes the folder and takes its lock.
function run_folder.open(run)
  system.make_folder(run.folder .. "/checkpoints")
  local holder = system.lock(run.folder .. "/.lock")
  if holder ~= true then
    lorarun.fail { what = "another process (" .. holder .. ") works in this run folder", where = run.folder,
      fix = "wait for it, stop it, or start a run of its own with --fresh" }
  end
  run_folder.keep_recipe(run)
  data_record.keep(run)
end

return run_folder
