--- What a run's pictures and captions were when it began, file by file: to say later which of them changed.
--
--   runs/NAME/data.json   { "1/anna.png": "6374f4b7…", "1/anna.txt": "9b1e…", … }   the set's number, the file's name
--
-- The run itself is held by one hash of all (dataset:hash()); this only names files, so a record that is missing or torn
-- costs names and nothing else. Pictures are known by the index of the cache, which has hashed them already.

local tables = require "lorarun.tables"

local data_record = {}

local system = lorarun.system

local SHORT, MOST_NAMED = 16, 3

local function path_of(folder) return folder .. "/data.json" end

local function decoded(path)
  if not system.exists(path) then return nil end
  local good, value = pcall(function() return system.decode(system.read(path), path) end)
  return good and type(value) == "table" and value or nil
end

--- Hashes of pictures by their paths, as the cache has them: { size, time, hash }.
local function indexed(cache_folder)
  local hashes = {}
  for path, entry in pairs(decoded(cache_folder .. "/index.json") or {}) do hashes[path] = entry[3] end
  return hashes
end

local function add_folder(found, number, folder, hashes)
  for _, name in ipairs(system.list(folder)) do
    local path, key = folder .. "/" .. name, number .. "/" .. name
    if hashes[path] then found[key] = hashes[path]:sub(1, SHORT) end
    if name:find("%.txt$") then found[key] = system.sha256(system.read(path)):sub(1, SHORT) end
  end
end

--- Gives what stands in the folders of pictures now.
---@param sets table[]   of the settings
---@param cache_folder string
---@return table<string, string>
function data_record.of(sets, cache_folder)
  local found, hashes = {}, indexed(cache_folder)
  for i, set in ipairs(sets) do
    if set.dir and system.is_folder(set.dir) then add_folder(found, i, set.dir, hashes) end
  end
  return found
end

--- Keeps it in the run's folder, once.
---@param run table
function data_record.keep(run)
  if system.exists(path_of(run.folder)) then return end
  system.write(path_of(run.folder), system.encode_pretty(data_record.of(run.settings.data, run.cache_folder)) .. "\n")
end

local function change_of(old, new)
  if old == nil then return "is new" end
  return new == nil and "is gone" or "changed"
end

--- Gives what differs from the run's beginning: { "anna.txt changed", "new.png is new" }; nothing where there is no record.
---@param run table
---@return string[]?
function data_record.changes(run)
  local old = decoded(path_of(run.folder))
  if not old then return nil end
  local new, keys, changes = data_record.of(run.settings.data, run.cache_folder), {}, {}
  for _, record in ipairs { old, new } do
    for key in pairs(record) do keys[key] = old[key] ~= new[key] or nil end
  end
  for _, key in ipairs(tables.sorted_keys(keys)) do
    local set = run.settings.data[tonumber(key:match("^%d+"))]
    local name = (set and set.dir or "?") .. "/" .. key:match("^%d+/(.*)$")
    changes[#changes + 1] = name .. " " .. change_of(old[key], new[key])
  end
  return changes
end

--- Says it in a few words; an empty text where no file is known to have changed.
---@param run table
---@return string
function data_record.text(run)
  local changes = data_record.changes(run) or {}
  local more = #changes - MOST_NAMED
  local said = table.concat(changes, ", ", 1, math.min(#changes, MOST_NAMED))
  return more > 0 and ("%s, and %d more"):format(said, more) or said
end

return data_record
