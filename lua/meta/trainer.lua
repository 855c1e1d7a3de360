---@meta lorarun.trainer

--- Owns network, optimizer and averaged weights, and performs training steps.
---@class lorarun.Trainer
local Trainer = {}

---@class lorarun.Knobs
---@field lr number                          base learning rate of this step
---@field group_lr table<string, number>?    rates of groups: transformer, clip_l, t5
---@field group_trains table<string, boolean>?  which groups train
---@field timesteps table?                   law of the noise time: { kind = "sigmoid" }
---@field loss table?                        { kind = "mse" }
---@field guidance number?
---@field clip number?                       global gradient norm; 0 = off
---@field ema number?                        decay; 0 = off
---@field module_factors table<string, number>?  factors on the rate of modules by pattern; 0 freezes
---@field network_dropout number?            in place of the network's own

---@class lorarun.Stats
---@field loss number                  what was minimised
---@field losses number[]              per sample, before weighting
---@field sigma number[]               per sample
---@field grad_norm number             before clipping
---@field grad_norms table<string, number>  by group that trained
---@field lr table<string, number>     by group, as applied
---@field step_s number                seconds
---@field images_per_second number

lorarun.trainer = {}

--- Makes a trainer for a network in a model.
---@param model lorarun.Model
---@param network lorarun.Network
---@param opts? { seed: integer, optimizer: string, options: table }
---@return lorarun.Trainer
function lorarun.trainer.new(model, network, opts) end

--- Performs one optimizer step. Fails before the update when the loss is not finite.
---@param batch lorarun.Batch
---@param knobs lorarun.Knobs
---@return lorarun.Stats
function Trainer:step(batch, knobs) end

--- Measures the loss of a batch's pictures at each sigma: no gradients, no dropout, noise keyed by seed, sigma and picture.
---@param batch lorarun.Batch   of loader:fixed
---@param opts { sigmas: number[], seed: integer?, guidance: number?, loss: table? }
---@return { mean: number, by_sigma: number[], losses: number[][] }   losses[sigma][picture]
function Trainer:loss(batch, opts) end

--- Performs one step and writes every tensor of it into a safetensors file.
---@param batch lorarun.Batch
---@param knobs lorarun.Knobs
---@param dataset lorarun.Dataset
---@param base string   path of the base model as in the recipe
---@param path string
---@return lorarun.Stats
function Trainer:open_step(batch, knobs, dataset, base, path) end

--- Puts the averaged weights in, if there are any; again: takes them out.
function Trainer:swap_ema() end

--- Says whether averaged weights are kept.
---@return boolean
function Trainer:has_ema() end

--- Gives weights, moments and averages by name.
---@return table<string, lorarun.Tensor>
function Trainer:state() end

--- Takes over what state() gave.
---@param state table<string, lorarun.Tensor>
function Trainer:load_state(state) end

--- Drops this handle.
function Trainer:free() end
