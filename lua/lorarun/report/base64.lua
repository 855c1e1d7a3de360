--- Bytes as base64 (RFC 4648), for pictures inside a page.

local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local pairs_of = {} -- the two letters of twelve bits
for i = 0, 4095 do
  local high, low = math.floor(i / 64) + 1, i % 64 + 1
  pairs_of[i] = ALPHABET:sub(high, high) .. ALPHABET:sub(low, low)
end

local function letters(first, second, third)
  local bits = first * 65536 + (second or 0) * 256 + (third or 0)
  return pairs_of[math.floor(bits / 4096)], pairs_of[bits % 4096]
end

--- Gives the text of a string of bytes.
---@param bytes string
---@return string
function base64.encode(bytes)
  local out, whole = {}, #bytes - #bytes % 3
  for i = 1, whole, 3 do
    local high, low = letters(bytes:byte(i, i + 2))
    out[#out + 1], out[#out + 2] = high, low
  end
  local left = #bytes - whole
  if left > 0 then
    local high, low = letters(bytes:byte(whole + 1, whole + left))
    out[#out + 1] = high .. (left == 2 and low:sub(1, 1) or "=") .. "="
  end
  return table.concat(out)
end

return base64
