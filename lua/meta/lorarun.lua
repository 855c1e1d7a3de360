---@meta lorarun

--- Everything that a trusted script sees: `lorarun --trust script.lua`.
lorarun = {}

--- Gives what the registries hold: families, networks, optimizers with their options.
---@return table<string, table<string, { about: string, options: string[]? }>>
function lorarun.kinds() end

--- Gives the number of CUDA devices that this program can use.
---@return integer
function lorarun.cuda_devices() end

--- Gives the names of all bound functions and methods: "tensor.zeros", "Tensor:add".
---@return string[]
function lorarun.bound_names() end

--- Raises an error that says what, where and how to fix; exit_code 2 (the request) or 1 (the work).
---@param problem { what: string, where: string?, fix: string?, exit_code: integer? }
function lorarun.fail(problem) end

--- Runs f without recording for backward.
---@generic T
---@param f fun(...): T
---@return T
function lorarun.no_grad(f, ...) end

--- Gives the gradients of a scalar with respect to `inputs`; nil where one took no part.
---@param loss lorarun.Tensor
---@param inputs lorarun.Tensor[]
---@return lorarun.Tensor[]
function lorarun.grad(loss, inputs) end

--- Gives counts and bytes of the tensors that Lua holds, and of the process.
---@return { tensors: integer, bytes: integer, peak_bytes: integer, process_bytes: integer, process_peak_bytes: integer }
function lorarun.memory() end

--- Runs f and frees the tensors made inside, except those it returns; also when it fails.
---@generic T
---@param f fun(...): T
---@return T
function lorarun.scope(f, ...) end

--- Lets tensors (or tables of them) outlive the scope they were made in.
---@generic T
---@param value T
---@return T
function lorarun.keep(value) end
