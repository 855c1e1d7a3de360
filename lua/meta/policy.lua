---@meta lorarun.policy

--- A recipe's text in a sandbox of its own: plain data in, plain data out.
---@class lorarun.Policy
local Policy = {}

lorarun.policy = {}

--- Compiles and runs a recipe's text; `name` is what errors call it.
---@param text string
---@param name string
---@param names { constructors: string[], schedules: table<string, string>? }
---@return lorarun.Policy
function lorarun.policy.open(text, name, names) end

--- Gives the recipe's table: constructors as { kind = name, … }, hooks as { kind = "hook" }.
---@return table
function Policy:declaration() end

--- Says whether the recipe has on.<hook>.
---@param hook string
---@return boolean
function Policy:has(hook) end

--- Calls on.<hook>(state, run); gives its answer and the changed state.
---@param hook string
---@param state table
---@param run table
---@return table? answer, table state
function Policy:decide(hook, state, run) end

--- Drops this handle.
function Policy:free() end
