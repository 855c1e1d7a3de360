---@meta lorarun.device

--- Devices by name.
lorarun.device = {}

--- Opens a device: "cpu", "cuda", "cuda:1", "auto", or what a preloaded library calls its own. Raises an error where it
--- cannot be used. `why_cpu` and `remedy` say why "auto" passed a card or a driver by.
---@param name string
---@param where string?   the place of the word, for the error
---@return { name: string, kind: string, card: string, memory_bytes: integer, free_bytes: integer, why_cpu: string, remedy: string }
function lorarun.device.open(name, where) end
