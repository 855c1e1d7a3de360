---@meta lorarun.run_files

--- journal.jsonl, metrics.jsonl and TensorBoard of a run folder.
---@class lorarun.RunFiles
local RunFiles = {}

lorarun.run_files = {}

--- Opens the files of a folder that stands at `step`; metrics of later steps are cut off.
---@param folder string
---@param step integer
---@param attempt? integer   from 2 on after a roll-back; lines of earlier attempts stay
---@return lorarun.RunFiles
function lorarun.run_files.open(folder, step, attempt) end

--- Adds one event; the time is filled in.
---@param event table
function RunFiles:journal(event) end

--- Adds the line of one step, to metrics.jsonl and TensorBoard.
---@param line table
function RunFiles:metrics(line) end

--- Adds a picture [3, H, W] to TensorBoard.
---@param step integer
---@param tag string
---@param picture lorarun.Tensor
function RunFiles:picture(step, tag, picture) end

--- Adds one number to TensorBoard.
---@param step integer
---@param tag string
---@param value number
function RunFiles:scalar(step, tag, value) end

--- Brings everything to the disk.
function RunFiles:flush() end

--- Closes the files.
function RunFiles:free() end
