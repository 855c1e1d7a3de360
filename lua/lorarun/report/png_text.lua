--- The words that a PNG carries: a picture of a run says itself which prompt it shows.
--
--   tEXt  key 0 text
--   iTXt  key 0 packed method language 0 key in it 0 text      unpacked ones only, as lorarun writes them

local png_text = {}

local SIGNATURE, MOST_BYTES = "\137PNG\r\n\26\n", 65536

local function number(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return d and ((a * 256 + b) * 256 + c) * 256 + d
end

local readers = {
  tEXt = function(data) return data:match("^(%Z+)%z(.*)$") end,
  iTXt = function(data) return data:match("^(%Z+)%z%z.%Z*%z%Z*%z(.*)$") end,
}

--- Gives {key = text} of the chunks before the pixels; nothing of a file that is no PNG.
---@param bytes string   the beginning of the file suffices
---@return table<string, string>
function png_text.of(bytes)
  local found, at = {}, #SIGNATURE + 1
  if bytes:sub(1, #SIGNATURE) ~= SIGNATURE then return found end
  while true do
    local length, kind = number(bytes, at), bytes:sub(at + 4, at + 7)
    if not length or kind == "IDAT" or at + 8 + length > #bytes then return found end
    local key, text
    if readers[kind] then key, text = readers[kind](bytes:sub(at + 8, at + 7 + length)) end
    if key then found[key] = text end
    at = at + 12 + length
  end
end

--- Gives the prompt in a `parameters` text, or nothing.
function png_text.prompt(parameters)
  local before = parameters and parameters:match("^(.*)\nSteps: ")
  return before and (before:match("^(.*)\nNegative prompt: ") or before)
end

--- Gives the prompt of a picture that lorarun drew, or nothing.
---@param path string
function png_text.prompt_of(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read(MOST_BYTES) or ""
  file:close()
  return png_text.prompt(png_text.of(bytes).parameters)
end

return png_text
