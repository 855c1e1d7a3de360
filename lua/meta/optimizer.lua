---@meta lorarun.optimizer

--- The program's optimizers for tensors of a script.
---@class lorarun.Optimizer
local Optimizer = {}

lorarun.optimizer = {}

--- Makes an optimizer over leaves that need gradients.
---@param kind string               "adamw"
---@param leaves lorarun.Tensor[]
---@param options? table            weight_decay, betas, eps, … of the kind
---@return lorarun.Optimizer
function lorarun.optimizer.new(kind, leaves, options) end

--- Performs one update from the gradients and clears them.
---@param lr number
function Optimizer:step(lr) end

--- Drops this handle.
function Optimizer:free() end
