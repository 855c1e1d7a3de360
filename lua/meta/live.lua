---@meta lorarun.live

--- The socket of a running run: its one thread reads requests, the loop answers them between steps.
---@class lorarun.Live
local Live = {}

---@class lorarun.Presence
---@field pid integer      of the process that trains
---@field folder string    of the run, absolute
---@field socket string
---@field started string   UTC

---@class lorarun.Request
---@field ticket integer   which request this is
---@field client integer   which connection it came from
---@field op string        "tweak", "eval", …

lorarun.live = {}

--- Opens the socket of a run folder and announces it in live.json.
---@param run_folder string
---@return lorarun.Live
function lorarun.live.serve(run_folder) end

--- Sends a request to the run of a folder and gives its answer.
---@param run_folder string
---@param request table     { op = "status" }
---@param timeout_s number
---@return table
function lorarun.live.call(run_folder, request, timeout_s) end

--- Gives who works on a run folder; nothing when nobody does.
---@param run_folder string
---@return lorarun.Presence?
function lorarun.live.find(run_folder) end

--- Gives all running runs of this user.
---@return lorarun.Presence[]
function lorarun.live.list() end

--- Gives the singular values of up @ down, greatest first, without making the product.
---@param up lorarun.Tensor     [out, R]
---@param down lorarun.Tensor   [R, in]
---@return number[]
function lorarun.live.singular_values(up, down) end

--- Sets what `status` answers from now on, also while a step works.
---@param snapshot table
function Live:snapshot(snapshot) end

--- Gives the oldest request that waits.
---@return lorarun.Request?
function Live:take() end

--- Waits for a request; says whether there is one.
---@param seconds number
---@return boolean
function Live:wait(seconds) end

--- Answers a request.
---@param request lorarun.Request
---@param answer table
function Live:reply(request, answer) end

--- Says whether the client of a request has gone or asked to interrupt it.
---@param request lorarun.Request
---@return boolean
function Live:is_interrupted(request) end

--- Gives the number of clients.
---@return integer
function Live:clients() end

--- Says farewell to all clients and closes; a second time does nothing.
---@param farewell? table   { status = "complete" }
function Live:close(farewell) end

--- Drops this handle.
function Live:free() end
