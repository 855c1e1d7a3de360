--- Data sets that a script draws: drawn { script = "../../examples/creatures/draw.lua", count = 20000, seed = 7 }.
--
--   CACHE/drawn/<key>/        000000.png, 000000.txt, …, attributes.jsonl: an images set like any other
--   CACHE/drawn/<key>.part/   one that is being drawn; a killed run goes on with it, block by block
--
-- The key is the hash of what is asked for and of all Lua texts in the script's folder, so a set is drawn once,
-- and anew when the script changes.  A script takes --count --first --seed --size --crop --style --out, and
-- leaves the pictures, their captions and attributes.jsonl in that folder.
--
-- A recipe needs no trust, and this must not change that: the script is one of the program's own, a draw.lua in
-- examples/ or recipes/ of its folder, wherever links lead.

local schema = require "lorarun.schema"

local drawn = {}

local system = lorarun.system

drawn.BLOCK = 100 -- pictures between two notes of how far it is
local OPTIONS = { "count", "first", "seed", "size", "crop", "style" }
local DEFAULTS = { first = 0, seed = 1, size = 128, style = "plain" }
local OWN = { "examples", "recipes" }

local function is_below(path, folder) return folder ~= nil and path:sub(1, #folder + 1) == folder .. "/" end

local function is_own(path)
  if not path:find("/draw%.lua$") then return false end
  for _, name in ipairs(OWN) do
    if is_below(path, system.real(system.share() .. "/" .. name)) then return true end
  end
  return false
end

--- Gives the path of a script without links, or raises an error when it is none of the program's own.
---@param script string
---@return string
function drawn.own_script(script)
  local path = system.real(script)
  if not path or system.is_folder(path) then
    lorarun.fail { what = "there is no script to draw with", where = script,
      fix = 'give its path from the recipe, as script = "../examples/creatures/draw.lua"' }
  end
  if not is_own(path) then
    lorarun.fail { what = "a recipe may not run this script: it is no draw.lua of lorarun's own examples and recipes", where = path,
      fix = ("draw the pictures yourself (lorarun %s --trust --out FOLDER) and use images { dir = \"FOLDER\" }"):format(script) }
  end
  return path
end

local function options_of(set)
  local options = {}
  for _, name in ipairs(OPTIONS) do
    options[name] = set[name]
    if set[name] == nil then options[name] = DEFAULTS[name] end
  end
  return options
end

-- Every Lua text in a folder and below it, in the order of their names.
local function lua_texts(folder, texts)
  for _, name in ipairs(system.list(folder)) do
    local path = folder .. "/" .. name
    if system.is_folder(path) then
      lua_texts(path, texts)
    elseif name:find("%.lua$") then
      texts[#texts + 1] = name .. "\n" .. system.read(path)
    end
  end
  return texts
end

local function key_of(path, options)
  local asked = { script = path:match("[^/]+$"), options = options }
  local texts = table.concat(lua_texts(path:match("^(.*)/"), {}), "\n")
  return system.sha256(system.encode(asked) .. "\n" .. texts):sub(1, 16)
end

local function words_of(options, first, count, out)
  local words = { "--out", out }
  for _, name in ipairs(OPTIONS) do
    local value = options[name]
    if name == "first" then value = first elseif name == "count" then value = count end
    if value ~= nil then
      words[#words + 1] = "--" .. name
      words[#words + 1] = tostring(value)
    end
  end
  return words
end

-- Runs the script as the command line does; what it prints would spoil a line of JSON. On one thread: a picture is
-- thousands of small operations, and on a busy machine two threads that wait for each other at each take twice as long.
local function run_script(path, words)
  local script = assert(loadfile(path))
  words[0] = path
  setfenv(script, setmetatable({ arg = words, print = function() end }, { __index = _G }))
  local threads = system.compute_threads(1)
  local done, problem = pcall(script)
  system.compute_threads(threads)
  if not done then error(problem, 0) end
end

local function show(options, done, since)
  if not system.terminal() then return end
  local left = (options.count - done) * (system.seconds() - since.seconds) / (done - since.done)
  io.stderr:write(("\rdrawing pictures %d/%d  %s left\27[K"):format(done, options.count, system.duration(left)),
    done == options.count and "\n" or "")
end

local function note_path(folder, first) return ("%s/block_%06d.jsonl"):format(folder, first) end

-- One block: its note is written when its pictures are there.
local function draw_block(path, folder, options, from)
  local first, count = options.first + from, math.min(drawn.BLOCK, options.count - from)
  if system.exists(note_path(folder, first)) then return end
  run_script(path, words_of(options, first, count, folder))
  assert(os.rename(folder .. "/attributes.jsonl", note_path(folder, first)))
end

local function join_notes(folder, options)
  local all = {}
  for from = 0, options.count - 1, drawn.BLOCK do
    local note = note_path(folder, options.first + from)
    all[#all + 1] = system.read(note)
  end
  system.write(folder .. "/attributes.jsonl", table.concat(all))
  for from = 0, options.count - 1, drawn.BLOCK do system.remove(note_path(folder, options.first + from)) end
end

local function take_lock(folder)
  local holder = system.lock(folder .. "/.lock")
  if holder == true then return end
  lorarun.fail { what = "another process (" .. holder .. ") is drawing these pictures", where = folder,
    fix = "wait until it is done, then start again", exit_code = 1 }
end

local function stop_if_asked(folder, done, count)
  local signal, exit_code = system.signal()
  if not signal then return end
  system.remove(folder .. "/.lock")
  lorarun.fail { what = ("stopped by %s after drawing %d of %d pictures"):format(signal, done, count), where = folder,
    fix = "the same command goes on with the drawing", exit_code = exit_code }
end

local function draw_all(path, folder, options)
  local part = folder .. ".part"
  system.make_folder(part)
  take_lock(part)
  local since = nil
  for from = 0, options.count - 1, drawn.BLOCK do
    since = since or (not system.exists(note_path(part, options.first + from)) and { done = from, seconds = system.seconds() })
    stop_if_asked(part, from, options.count)
    draw_block(path, part, options, from)
    if since then show(options, math.min(from + drawn.BLOCK, options.count), since) end
  end
  join_notes(part, options)
  system.remove(part .. "/.lock")
  assert(os.rename(part, folder))
end

--- Gives the folder of a drawn set's pictures; draws them when they are not there.
---@param set table           a set of the recipe, checked
---@param cache_folder string
---@return string
function drawn.folder(set, cache_folder)
  local path, options = drawn.own_script(set.script), options_of(set)
  local folder = cache_folder .. "/drawn/" .. key_of(path, options)
  if not system.is_folder(folder) then
    local began = system.seconds()
    draw_all(path, folder, options)
    system.log(("drew %d pictures in %s: %s"):format(options.count, system.duration(system.seconds() - began), folder))
  end
  return folder
end

-- The set as one of pictures on the disk.
local function as_images(set, cache_folder)
  local images = { kind = "images", dir = drawn.folder(set, cache_folder) }
  for key, value in pairs(set) do
    local s = schema.find("data[]." .. key)
    if s and not s.acts_with then images[key] = value end
  end
  return images
end

--- Gives a recipe's data sets as sets of pictures on the disk; draws those that a script draws.
---@param sets table[]
---@param cache_folder string
---@return table[]
function drawn.sets(sets, cache_folder)
  local all = {}
  for i, set in ipairs(sets) do all[i] = set.kind == "drawn" and as_images(set, cache_folder) or set end
  return all
end

return drawn
