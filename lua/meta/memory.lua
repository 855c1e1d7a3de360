---@meta lorarun.memory

--- Counting what models would take: a model that is opened with device = "meta" has shapes without numbers, and
--- whatever it makes of tensors is counted.
lorarun.imagined = {}

--- Gives the bytes that imagined tensors take now, and took at most since the last reset.
---@return integer now, integer most
function lorarun.imagined.bytes() end

--- Lets the most begin anew.
function lorarun.imagined.reset_peak() end

--- Gives a batch of zeros in these shapes, for a model with device = "meta".
---@param model lorarun.Model
---@param opts? { batch: integer, accumulate: integer, width: integer, height: integer, pixels: boolean, live: string[] }
---@return lorarun.Batch
function lorarun.imagined.batch(model, opts) end

--- The memory of a card.
lorarun.device_memory = {}

--- Gives the bytes of a device, or nil for the CPU and for a device that does not say.
---@param device string
---@return { total: integer, free: integer, allocated: integer, peak: integer }?
function lorarun.device_memory.of(device) end

--- Sets what an error says when memory runs out from now on.
---@param remedies string[]
function lorarun.device_memory.remedies(remedies) end
