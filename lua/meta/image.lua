---@meta lorarun.image

--- Pictures as tensors [3, H, W] in [0, 1].
lorarun.image = {}

--- Reads a PNG, JPEG, WebP or BMP as it is seen: upright, sRGB, over white.
---@param path string
---@return lorarun.Tensor
function lorarun.image.load(path) end

--- Writes a PNG with text chunks.
---@param path string
---@param picture lorarun.Tensor
---@param text? table<string, string>
function lorarun.image.save(path, picture, text) end

--- Gives size and format out of the header.
---@param path string
---@return { width: integer, height: integer, format: string }
function lorarun.image.info(path) end

--- Lays pictures out on a contact sheet.
---@param pictures lorarun.Tensor[]
---@param columns integer
---@param opts? { title: string, captions: string[], column_labels: string[], row_labels: string[], cell: integer, text_scale: integer }
---@return lorarun.Tensor
function lorarun.image.sheet(pictures, columns, opts) end
