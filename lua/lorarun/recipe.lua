--- A recipe's text -> checked settings.
--
--   text --policy--> declaration --command line--> --check against schema--> settings
--
-- Settings hold every default, absolute paths, and nothing that the schema does
-- not know.  Errors name the recipe and the key.

local check = require "lorarun.check"
local foreign_file = require "lorarun.foreign_file"
local given = require "lorarun.given"
local inert = require "lorarun.inert"
local metrics = require "lorarun.metrics"
local params = require "lorarun.params"
local paths = require "lorarun.paths"
local policy_words = require "lorarun.policy_words"
local questions = require "lorarun.questions"
local recipe_parts = require "lorarun.recipe_parts"
local recipe_search = require "lorarun.recipe_search"
local ready_policies = require "lorarun.ready_policies"
local schedule = require "lorarun.schedule"
local schema = require "lorarun.schema"
local set_value = require "lorarun.set_value"
local switched_off = require "lorarun.switched_off"
local text_encoder_policy = require "lorarun.text_encoder_policy"

local recipe = {}

local system = lorarun.system

local function folder_of(path) return path:match("^(.*)/[^/]*$") or "." end

local function stem_of(path)
  local stem = path:match("([^/]+)%.%w+$") or path:match("[^/]+$") or path
  if stem == "recipe" then stem = system.absolute(path):match("([^/]+)/[^/]+$") or stem end
  return stem
end

--- Opens the text as a policy: sandboxed, asked by name.
---@param text string
---@param place string
---@param more { parts: table?, params: table?, lenient: boolean? }?
function recipe.policy(text, place, more)
  more = more or {}
  local good, opened = pcall(lorarun.policy.open, text, place, { constructors = schema.constructors(),
    schedules = schedule.texts(), parts = more.parts, params = more.params, lenient = more.lenient })
  if good then return opened end
  policy_words.fail(opened)
end

local function set_in(target, keys, value)
  for i = 1, #keys - 1 do
    if type(target[keys[i]]) ~= "table" then target[keys[i]] = {} end
    target = target[keys[i]]
  end
  target[keys[#keys]] = value
end

local function split(key)
  local keys = {}
  for part in key:gmatch("[^.]+") do keys[#keys + 1] = part end
  return keys
end

--- The data sets that data.KEY or data.N.KEY means.
local function data_targets(declared, keys, key)
  local sets = type(declared.data) == "table" and (declared.data.kind and { declared.data } or declared.data) or {}
  local number = tonumber(keys[2])
  if not number then return sets, 2 end
  if not sets[number] then
    lorarun.fail { what = "--set " .. key .. ": the recipe has " .. #sets .. " data sets", where = "the command line" }
  end
  return { sets[number] }, 3
end

local function apply_set(declared, key, text)
  local keys = split(key)
  if keys[1] ~= "data" or #keys < 2 then
    return set_in(declared, keys, set_value.of(schema.find(key), text, "--set " .. key))
  end
  local sets, first = data_targets(declared, keys, key)
  local rest = { unpack(keys, first) }
  local value = set_value.of(schema.find("data[]." .. table.concat(rest, ".")), text, "--set " .. key)
  for _, set in ipairs(sets) do set_in(set, rest, value) end
end

local function apply_command_line(declared, options)
  for _, pair in ipairs(options.set or {}) do apply_set(declared, pair[1], pair[2]) end
  for _, key in ipairs { "name", "seed" } do
    if options[key] ~= nil then declared[key] = options[key] end
  end
  if options.steps then declared.steps, declared.epochs = options.steps, nil end
end

local function make_absolute(settings, folder, place)
  local function absolute(path, key) return path and paths.absolute(path, folder, place .. ", " .. key) end
  settings.model.path = absolute(settings.model.path, "model.path")
  for i, set in ipairs(settings.data) do
    local key = ("data[%d]."):format(i)
    set.dir, set.script = absolute(set.dir, key .. "dir"), absolute(set.script, key .. "script")
  end
  local e = settings.evaluate
  if e then e.dir = absolute(e.dir, "evaluate.dir") end
end

--- What learns to rebuild pictures is the VAE and nothing else; what learns to denoise is everything else.
local function check_objective(settings, place)
  local rebuilds = settings.objective.kind == "autoencode"
  local components = settings.network.components or { "transformer" }
  local is_vae = #components == 1 and components[1] == "vae" and #settings.network.text_encoders == 0
  if rebuilds and not is_vae then
    lorarun.fail { what = "autoencode trains the VAE, and the network is not the VAE's", where = place .. ", objective",
      fix = 'network = full { components = { "vae" } }' }
  end
  if rebuilds and settings.render then
    lorarun.fail { what = "a VAE that trains draws no prompts", where = place .. ", render",
      fix = "remove render; evaluate = { every = 500, holdout = 16 } measures how well pictures come back" }
  end
  for _, name in ipairs(components) do
    if name == "vae" and not rebuilds then
      lorarun.fail { what = "the VAE learns nothing from " .. settings.objective.kind, where = place .. ", network.components",
        fix = 'add objective = autoencode {}, or train { "transformer" }' }
    end
  end
end

--- {trigger} and {class} in prompts, as in captions: those of the first set that has a trigger.
local function fill_prompts(settings)
  local words = settings.data[1]
  for _, set in ipairs(settings.data) do
    if set.trigger ~= "" and words.trigger == "" then words = set end
  end
  local prompts = settings.render and settings.render.prompts or {}
  for i, prompt in ipairs(prompts) do
    prompts[i] = type(prompt) == "string" and prompt:gsub("{(%a+)}", { trigger = words.trigger, class = words.class }) or prompt
  end
end

local function check_together(settings, place)
  if not settings.steps and not settings.epochs then
    lorarun.fail { what = "the recipe says neither steps nor epochs", where = place, fix = "add steps = 1000" }
  end
  if not settings.steps and settings.epochs <= 0 then
    lorarun.fail { what = "epochs = 0 trains nothing", where = place .. ", epochs", fix = "epochs = 10, or steps = 1000" }
  end
  if not settings.name:match("^[%w][%w_.%-]*$") then
    lorarun.fail { what = "the name '" .. settings.name .. "' cannot be a folder", where = place .. ", name",
      fix = "use letters, digits, _ . and -" }
  end
  metrics.check(settings, place)
  check_objective(settings, place)
end

---@class lorarun.Recipe
---@field settings table     checked, with defaults and absolute paths
---@field policy table       the sandboxed text: decides per step
---@field text string        with its parts, as one bundle (recipe_parts.lua)
---@field hash string        SHA-256 of that text
---@field params table?      the params that it declares
---@field part_files string[]?   paths of its parts
---@field path string
---@field base string        path of the model as the recipe gives it
---@field declared table      as the recipe and the command line give it, unchecked
---@field warnings table[]    settings that do nothing: { key, why, fix }
---@field is_of_file boolean  the text is the file's, not one that was kept elsewhere
---@field given table?       what the command line gave beside it (given.lua)

local function text_of(path, options)
  if options.text then return options.text end
  foreign_file.check_name(path)
  return system.read(path)
end

--- The recipe's own text, its parts, and the files they came from. A text that was kept brings its parts along.
local function read_unit(path, options)
  local whole = text_of(path, options)
  foreign_file.check_text(path, whole)
  local text, parts = recipe_parts.split(whole)
  if parts then return text, parts end
  local files
  parts, files = recipe_parts.read(text, folder_of(path))
  for name, part in pairs(parts) do foreign_file.check_text(name .. ".lua", part) end
  return text, parts, files
end

--- Opens a recipe as far as its declaration, before any setting is looked at.
---@param options table   recipe, set, flags, text; lenient: a param without a value is no error
---@return table opened   { policy, declared, params, text, path, part_files, options }
function recipe.declare(options)
  local path = recipe_search.find(options.recipe)
  local text, parts, files = read_unit(path, options)
  local function open()
    return recipe.policy(text, path, { parts = parts, params = params.given(options), lenient = options.lenient })
  end
  local policy = open()
  local declared = policy:declaration()
  local resolved, has_paths = params.with_paths(options, declared.params)
  options = resolved
  if has_paths then
    policy:free()
    policy = open()
    declared = policy:declaration()
  end
  local declared_params = declared.params
  declared.kind, declared.params = nil, nil
  return { policy = policy, declared = declared, params = declared_params, text = recipe_parts.bundle(text, parts), path = path,
    part_files = files, options = options }
end

--- Opens, changes and checks a recipe.
---@param options table   recipe, set, flags, name, seed, steps of the command line; text instead of the file's
---@return lorarun.Recipe
function recipe.open(options)
  local opened = recipe.declare(options)
  local declared, path = opened.declared, opened.path
  options, opened.options = opened.options, nil
  local set, all_set = params.divide(options, opened.params)
  apply_command_line(declared, { set = set, name = options.name, seed = options.seed, steps = options.steps })
  ready_policies.from_events(declared)
  opened.warnings = inert.take(declared)
  local off, saves_last_only = switched_off.take(declared)
  local settings = check.settings(declared, path)
  if saves_last_only then settings.save.every = 0 end
  settings.name = settings.name or stem_of(path)
  settings.network.alpha = settings.network.alpha or settings.network.rank
  fill_prompts(settings)
  text_encoder_policy.resolve(settings, path)
  check_together(settings, path)
  opened.base, opened.settings = settings.model.path, settings
  make_absolute(settings, folder_of(path), path)
  for _, list in ipairs { inert.of(declared, settings), off, questions.of(settings) } do
    for _, one in ipairs(list) do table.insert(opened.warnings, one) end
  end
  opened.hash, opened.is_of_file = system.sha256(opened.text), options.text == nil
  opened.given = given.of { set = all_set, name = options.name, seed = options.seed, steps = options.steps }
  return opened
end

return recipe
