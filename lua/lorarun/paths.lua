--- Paths as people write them in a recipe or behind --set.
--
--   photos            beside the recipe
--   /data/photos      as it is
--   ~/photos          in the home folder, also where no shell has looked at it
--   C:\photos         a path of Windows: refused, with what it is called under WSL
--   https://…         an address: refused, nothing is downloaded; a name of a hub too, unless a folder is called so

local paths = {}

local system = lorarun.system

local function fail(what, place, fix) lorarun.fail { what = what, where = place, fix = fix } end

local function home(path, place)
  local user, rest = path:match("^~([^/]*)(.*)$")
  local folder = os.getenv "HOME"
  if user == "" and folder and folder ~= "" then return folder .. rest end
  fail(("'%s' begins with the home folder of somebody, which is not looked up"):format(path), place, "write the whole path: /home/user/…")
end

local HUB = { ["black-forest-labs"] = true, ["runwayml"] = true, ["stabilityai"] = true, ["Qwen"] = true, ["Tongyi-MAI"] = true,
  ["Wan-AI"] = true }

local function check_hub(path, absolute, place)
  local owner = path:match("^([%w-]+)/[%w_.-]+$")
  if not HUB[owner] or system.exists(absolute) then return end
  fail(("'%s' is a name of the Hugging Face hub, and nothing is downloaded"):format(path), place,
    ("hf download %s --local-dir models/%s, then name that folder"):format(path, path:match("[^/]+$")))
end

local function under_wsl(drive, rest) return "/mnt/" .. drive:lower() .. "/" .. rest:gsub("\\", "/"):gsub("^/+", "") end

--- Gives the path as this system knows it, relative ones from `folder`. Raises an error for what is no path here.
---@param path string
---@param folder string   of the recipe
---@param place string    for error texts
---@return string
function paths.absolute(path, folder, place)
  local drive, rest = path:match("^(%a):([\\/].*)$")
  if drive then
    fail(("'%s' is a path of Windows"):format(path), place, ("under WSL it is %s"):format(under_wsl(drive, rest)))
  end
  if path:find("^%a[%w+.-]+://") then
    fail(("'%s' is an address, and nothing is downloaded"):format(path), place, "download it yourself, and name the folder")
  end
  if path:sub(1, 1) == "~" then path = home(path, place) end
  if path:sub(1, 1) == "/" then return path end
  local absolute = system.absolute(folder .. "/" .. path)
  check_hub(path, absolute, place)
  return absolute
end

return paths
