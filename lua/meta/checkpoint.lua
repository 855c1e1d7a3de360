---@meta lorarun.checkpoint

lorarun.checkpoint = {}

---@class lorarun.SaveOptions
---@field folder string
---@field name string
---@field state table?                     plain data that load() gives back
---@field dialect string?                  peft, kohya, comfy
---@field dtype string?                    float32
---@field keep integer?                    newest checkpoints kept; 0 = all
---@field pinned integer[]?               steps that are kept whatever `keep` says
---@field metadata table<string, string>?  the LoRA file's header
---@field self_check boolean?              read back and compare; default true

--- Writes a LoRA file and everything needed to resume, whole or not at all; gives the file's path.
---@param trainer lorarun.Trainer
---@param step integer
---@param opts lorarun.SaveOptions
---@return string
function lorarun.checkpoint.save(trainer, step, opts) end

--- Loads the newest whole checkpoint at or before `at_most`; gives its state, or nothing.
---@param trainer lorarun.Trainer
---@param opts { folder: string, name: string, at_most: integer? }
---@return table?
function lorarun.checkpoint.load(trainer, opts) end

--- Gives the steps of the whole checkpoints, ascending.
---@param folder string
---@param name string
---@return integer[]
function lorarun.checkpoint.steps(folder, name) end
