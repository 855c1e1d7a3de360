--- Which scripts may use the full API without being asked again: remembered by what they say, not by their name.
--
--   ${XDG_STATE_HOME:-~/.local/state}/lorarun/trusted.json
--   { "<SHA-256 of the text>": { "path": …, "time": … }, … }
--
-- A script that changed by one byte is another script. What a trusted script requires or reads is not in its
-- hash: whoever trusts it trusts the folder that it stands in.

local trust = {}

local system = lorarun.system

local function folder()
  local state = os.getenv("XDG_STATE_HOME")
  if not state or state == "" then state = (os.getenv("HOME") or ".") .. "/.local/state" end
  return state .. "/lorarun"
end

--- Where it is remembered.
function trust.path() return folder() .. "/trusted.json" end

--- Gives what is trusted: { hash = { path, time } }.
---@return table<string, { path: string, time: string }>
function trust.all()
  if not system.exists(trust.path()) then return {} end
  return system.decode(system.read(trust.path()), trust.path())
end

local function write(entries)
  system.make_folder(folder())
  system.write(trust.path(), system.encode_pretty(entries) .. "\n")
end

--- Says 1 when a file's text is trusted.
---@param path string
---@return integer
function trust.is_trusted(path)
  if not system.exists(trust.path()) then return 0 end
  return trust.all()[system.sha256(system.read(path))] and 1 or 0
end

--- Remembers a file's text. Where that cannot be written, the script runs all the same, this once.
---@param path string
function trust.remember(path)
  local hash = system.sha256(system.read(path))
  local good, problem = pcall(function()
    local entries = trust.all()
    if entries[hash] then return end
    entries[hash] = { path = system.absolute(path), time = system.now() }
    write(entries)
    system.log(("trusts %s from now on (%s); lorarun trust forget takes it back"):format(path, hash:sub(1, 12)))
  end)
  if not good then system.log("trusts " .. path .. " this once: " .. tostring(problem), "warn") end
end

local function forget_all(entries)
  local count = 0
  for _ in pairs(entries) do count = count + 1 end
  write({})
  return count
end

--- The hashes that a beginning of a hash, or a path, means.
local function matching(entries, word)
  local found, path = {}, system.absolute(word)
  for hash, entry in pairs(entries) do
    local by_hash = #word >= 6 and hash:sub(1, #word) == word
    if by_hash or entry.path == path then found[#found + 1] = hash end
  end
  return found
end

local function fail_unknown(entries, word)
  local known = {}
  for hash, entry in pairs(entries) do
    known[#known + 1] = hash:sub(1, 12)
    known[#known + 1] = entry.path
  end
  local close = system.nearest(word, known)
  lorarun.fail { what = "nothing that is trusted is called '" .. word .. "'", where = trust.path(),
    fix = (close and ("did you mean '" .. close .. "'?  ") or "") .. "lorarun trust list shows hashes and paths" }
end

--- Takes trust back from a hash (or six digits of it), a path, or with true from all; gives how many.
---@param word string|true
---@return integer
function trust.forget(word)
  local entries = trust.all()
  if word == true then return forget_all(entries) end
  local found = matching(entries, word)
  if #found == 0 then fail_unknown(entries, word) end
  for _, hash in ipairs(found) do entries[hash] = nil end
  write(entries)
  return #found
end

return trust
