--- Pictures inside a page, as data URIs, within a limit for all of them together.
--
--   small file --> its own bytes
--   large file --> made smaller
--   past the limit, or unreadable --> nothing: the page links the file instead

local file_size = require "lorarun.report.file_size"
local base64 = require "lorarun.report.base64"

local pictures = {}
pictures.__index = pictures

local system = lorarun.system

local LIMIT_BYTES, SMALL_BYTES, SHEET_MARGIN_PX = 8 * 2 ^ 20, 160 * 1024, 24
local TYPES = { png = "image/png", jpeg = "image/jpeg", webp = "image/webp" }

--- A store for one page.
---@param limit_bytes? integer
function pictures.new(limit_bytes) return setmetatable({ left = limit_bytes or LIMIT_BYTES }, pictures) end

--- A picture without the margin that a sheet puts around it.
local function without_margin(sheet)
  return sheet:narrow(2, SHEET_MARGIN_PX + 1, sheet:size(2) - 2 * SHEET_MARGIN_PX)
    :narrow(3, SHEET_MARGIN_PX + 1, sheet:size(3) - 2 * SHEET_MARGIN_PX)
end

--- The bytes of the picture with its longer side at most `side_px`, as a PNG.
local function shrunk(path, side_px)
  local folder = system.temporary_folder()
  local done, bytes = pcall(lorarun.scope, function()
    local sheet = lorarun.image.sheet({ lorarun.image.load(path) }, 1, { cell = side_px })
    lorarun.image.save(folder .. "/small.png", without_margin(sheet))
    return system.read(folder .. "/small.png")
  end)
  system.remove(folder)
  if not done then error(bytes, 0) end
  return bytes
end

local function read_picture(path, side_px)
  local kind = TYPES[lorarun.image.info(path).format]
  if kind and file_size(path) <= SMALL_BYTES then return kind, system.read(path) end
  return "image/png", shrunk(path, side_px)
end

--- Gives the data URI of a picture file, or nothing.
---@param path string
---@param side_px integer   of a large picture that is made smaller
---@return string?
function pictures:uri(path, side_px)
  local good, kind, bytes = pcall(read_picture, path, side_px)
  if not good then return nil end
  local text = ("data:%s;base64,"):format(kind) .. base64.encode(bytes)
  if #text > self.left then return nil end
  self.left = self.left - #text
  return text
end

return pictures
