---@meta lorarun.network

--- Adapters in the layers of a model. They leave the layers when the network is freed.
---@class lorarun.Network
local Network = {}

---@class lorarun.NetworkOptions
---@field kind string?          "lora"
---@field targets string[]?     patterns of the denoiser's layers; empty: every linear of the blocks
---@field exclude string[]?
---@field options table?        rank, alpha, dropout, … of the kind
---@field components string[]?  {"transformer"}
---@field text_encoders string[]?  also these: {"clip_l", "t5"}
---@field text_encoder_targets string[]?  patterns of their layers; empty: every linear
---@field text_encoder_rank integer?
---@field text_encoder_alpha number?  absent: as much per rank as in the denoiser
---@field seed integer?
---@field device string?

lorarun.network = {}

--- Makes the modules and puts them into the layers.
---@param model lorarun.Model
---@param opts? lorarun.NetworkOptions
---@return lorarun.Network
function lorarun.network.new(model, opts) end

--- Gives the leaves that train: {["transformer/<target>.down"] = tensor}.
---@return table<string, lorarun.Tensor>
function Network:parameters() end

--- Gives how many numbers train, in all or in one component.
---@param component? string
---@return integer
function Network:count(component) end

--- Gives the adapted components: {"transformer", "clip_l"}.
---@return string[]
function Network:components() end

--- Gives the names of the adapted layers; those of text encoders begin with "clip_l." or "t5.".
---@return string[]
function Network:targets() end

--- Gives the change of one layer's weight, [out, in].
---@param target string
---@return lorarun.Tensor
function Network:delta_weight(target) end

--- Sets the factor on every module's change; 0 is the base model.
---@param strength number
function Network:set_strength(strength) end

--- Drops this handle.
function Network:free() end
