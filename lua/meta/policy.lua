---@meta lorarun.policy

--- A recipe's text in a sandbox and a process of its own: plain data in, plain data out.
---@class lorarun.Policy
local Policy = {}

lorarun.policy = {}

--- Runs a recipe's text in a process behind the wall; `name` is what errors call it.
--- `parts` are texts for `require`, `params` values for the recipe's `params { … }`; with `lenient` a value that is
--- required may be missing; `in_process` keeps the sandbox in this process (no wall: for texts of one's own).
---@param text string
---@param name string
---@param options { constructors: string[], schedules: table<string, string>?, parts: table<string, string>?, params: table<string, any>?, lenient: boolean?, in_process: boolean? }
---@return lorarun.Policy
function lorarun.policy.open(text, name, options) end

--- Gives what holds around policies on this machine: { process, limits, landlock, seccomp, … }.
---@return table
function lorarun.policy.wall() end

--- Gives the recipe's table: constructors as { kind = name, … }, hooks as { kind = "hook" }, and `params`.
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

--- Calls the hook for each snapshot of a list, each with the state of the call before, up to the first failure.
--- An answer of nothing is {}; the failure is { index = …, error = … }.
---@param hook string
---@param state table
---@param runs table[]
---@return table[] answers, table state, table? failure
function Policy:rehearse(hook, state, runs) end

--- Calls the recipe's migrate(state, from); gives the new state.
---@param state table
---@param from any    the version that the state is of
---@return table
function Policy:migrate(state, from) end

--- Gives the process that the recipe runs in; 0 while none runs.
---@return integer
function Policy:pid() end

--- Says how often that process had to be started anew.
---@return integer
function Policy:restarts() end

--- Ends the process and drops this handle.
function Policy:free() end
