---@meta lorarun.tensor

--- Tensors: indices and dimensions count from 1, negative ones from the end.
--- x + y, x * 2 and their sisters work; x[2], x[{1, {2, 4}}], x[mask] index.
---@class lorarun.Tensor
---@operator add(lorarun.Tensor|number): lorarun.Tensor
---@operator sub(lorarun.Tensor|number): lorarun.Tensor
---@operator mul(lorarun.Tensor|number): lorarun.Tensor
---@operator div(lorarun.Tensor|number): lorarun.Tensor
---@operator mod(lorarun.Tensor|number): lorarun.Tensor
---@operator pow(lorarun.Tensor|number): lorarun.Tensor
---@operator unm: lorarun.Tensor
local Tensor = {}

---@class lorarun.TensorOptions
---@field dtype string?   "float32" (default), "bfloat16", "float16", "float64", "int64", "uint8", "bool"
---@field device string?  "cpu" (default), "cuda", "cuda:1"

---@class lorarun.RandomKey
---@field seed integer?    default 0
---@field stream string?   default "script"
---@field step integer?    default 0
---@field sample integer?  default 0

lorarun.tensor = {}

--- Gives zeros.
---@param shape integer[]
---@param opts? lorarun.TensorOptions
---@return lorarun.Tensor
function lorarun.tensor.zeros(shape, opts) end

--- Gives ones.
---@param shape integer[]
---@param opts? lorarun.TensorOptions
---@return lorarun.Tensor
function lorarun.tensor.ones(shape, opts) end

--- Gives one number everywhere.
---@param shape integer[]
---@param value number
---@param opts? lorarun.TensorOptions
---@return lorarun.Tensor
function lorarun.tensor.full(shape, value, opts) end

--- Gives the identity matrix.
---@param n integer
---@param opts? lorarun.TensorOptions
---@return lorarun.Tensor
function lorarun.tensor.eye(n, opts) end

--- Gives first, first + step, … up to last, which is inside.
---@param first number
---@param last number
---@param step? number
---@return lorarun.Tensor
function lorarun.tensor.arange(first, last, step) end

--- Gives `count` numbers at even distances, both ends inside.
---@param first number
---@param last number
---@param count integer
---@return lorarun.Tensor
function lorarun.tensor.linspace(first, last, count) end

--- Gives the numbers of nested tables: from{{1, 2}, {3, 4}}.
---@param values number|table
---@param opts? lorarun.TensorOptions
---@return lorarun.Tensor
function lorarun.tensor.from(values, opts) end

--- Gives normal numbers, a pure function of the key.
---@param shape integer[]
---@param key? lorarun.RandomKey
---@return lorarun.Tensor
function lorarun.tensor.normal(shape, key) end

--- Gives uniform numbers in [0, 1), a pure function of the key.
---@param shape integer[]
---@param key? lorarun.RandomKey
---@return lorarun.Tensor
function lorarun.tensor.uniform(shape, key) end

--- Joins along a dimension that is there (the first when absent).
---@param tensors lorarun.Tensor[]
---@param dim? integer
---@return lorarun.Tensor
function lorarun.tensor.cat(tensors, dim) end

--- Joins along a new dimension.
---@param tensors lorarun.Tensor[]
---@param dim? integer
---@return lorarun.Tensor
function lorarun.tensor.stack(tensors, dim) end

--- Reads all tensors of a safetensors file.
---@param path string
---@return table<string, lorarun.Tensor>
function lorarun.tensor.load(path) end

--- Reads the header's metadata of a safetensors file.
---@param path string
---@return table<string, string>
function lorarun.tensor.metadata(path) end

--- Writes a safetensors file, whole or not at all.
---@param path string
---@param tensors table<string,lorarun.Tensor>
---@param metadata? table<string,string>
function lorarun.tensor.save(path, tensors, metadata) end

--- Gives x + y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:add(y) end

--- Gives x - y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:sub(y) end

--- Gives x * y, elementwise.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:mul(y) end

--- Gives x / y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:div(y) end

--- Gives the remainder of x / y, with the sign of y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:mod(y) end

--- Gives x to the power y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:pow(y) end

--- Gives the smaller of both, elementwise.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:minimum(y) end

--- Gives the larger of both, elementwise.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:maximum(y) end

--- Gives a mask: x = y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:eq(y) end

--- Gives a mask: x ≠ y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:ne(y) end

--- Gives a mask: x < y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:lt(y) end

--- Gives a mask: x ≤ y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:le(y) end

--- Gives a mask: x > y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:gt(y) end

--- Gives a mask: x ≥ y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:ge(y) end

--- Gives the matrix product.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:matmul(y) end

--- Adds y in place.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:add_(y) end

--- Subtracts y in place.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:sub_(y) end

--- Multiplies by y in place.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:mul_(y) end

--- Divides by y in place.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:div_(y) end

--- Takes over the numbers of y.
---@param y lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:copy_(y) end

--- Sets every number to 0.
---@return lorarun.Tensor
function Tensor:zero_() end

--- Gives -x.
---@return lorarun.Tensor
function Tensor:neg() end

--- Gives e to the power x.
---@return lorarun.Tensor
function Tensor:exp() end

--- Gives the natural logarithm.
---@return lorarun.Tensor
function Tensor:log() end

--- Gives the square root.
---@return lorarun.Tensor
function Tensor:sqrt() end

--- Gives the sine.
---@return lorarun.Tensor
function Tensor:sin() end

--- Gives the cosine.
---@return lorarun.Tensor
function Tensor:cos() end

--- Gives the absolute value.
---@return lorarun.Tensor
function Tensor:abs() end

--- Gives 1 / (1 + exp(-x)).
---@return lorarun.Tensor
function Tensor:sigmoid() end

--- Gives max(x, 0).
---@return lorarun.Tensor
function Tensor:relu() end

--- Gives x * sigmoid(x).
---@return lorarun.Tensor
function Tensor:silu() end

--- Gives the hyperbolic tangent.
---@return lorarun.Tensor
function Tensor:tanh() end

--- Gives the next lower whole number.
---@return lorarun.Tensor
function Tensor:floor() end

--- Gives the next higher whole number.
---@return lorarun.Tensor
function Tensor:ceil() end

--- Gives the nearest whole number.
---@return lorarun.Tensor
function Tensor:round() end

--- Gives a mask: neither infinite nor NaN.
---@return lorarun.Tensor
function Tensor:isfinite() end

--- Gives a copy.
---@return lorarun.Tensor
function Tensor:clone() end

--- Gives the same numbers in row-major order.
---@return lorarun.Tensor
function Tensor:contiguous() end

--- Gives the same numbers outside of autograd.
---@return lorarun.Tensor
function Tensor:detach() end

--- Gives the Gaussian error linear unit; approximate = "none" or "tanh".
---@param opts? { approximate: string }
---@return lorarun.Tensor
function Tensor:gelu(opts) end

--- Gives x held between low and high.
---@param low? number
---@param high? number
---@return lorarun.Tensor
function Tensor:clamp(low, high) end

--- Gives `yes` where the mask is true, `no` elsewhere.
---@param yes lorarun.Tensor|number
---@param no lorarun.Tensor|number
---@return lorarun.Tensor
function Tensor:where(yes, no) end

--- Gives the softmax along a dimension.
---@param dim integer
---@return lorarun.Tensor
function Tensor:softmax(dim) end

--- Gives the layer norm over the last dimension.
---@param eps? number
---@param weight? lorarun.Tensor
---@param bias? lorarun.Tensor
---@return lorarun.Tensor
function Tensor:layer_norm(eps, weight, bias) end

--- Gives the convolution of x [B, C, H, W] with weight [O, C/groups, kh, kw].
---@param weight lorarun.Tensor
---@param opts { bias: lorarun.Tensor
---@param stride integer
---@param padding integer
---@param groups? integer }
---@return lorarun.Tensor
function Tensor:conv2d(weight, opts, stride, padding, groups) end

--- Gives x [B, C, h, w] at {H, W}; mode nearest, bilinear or bicubic.
---@param size integer[]
---@param opts? { mode: string }
---@return lorarun.Tensor
function Tensor:interpolate(size, opts) end

--- Says whether both agree within tolerances.
---@param y lorarun.Tensor
---@param opts { rtol: number
---@param atol? number }
---@return boolean
function Tensor:allclose(y, opts, atol) end

--- Says whether shape and every number agree.
---@param y lorarun.Tensor
---@return boolean
function Tensor:equal(y) end

--- Gives the sum over all, one or several dimensions.
---@param dims? integer|integer[]
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:sum(dims, keep) end

--- Gives the mean.
---@param dims? integer|integer[]
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:mean(dims, keep) end

--- Gives the unbiased standard deviation.
---@param dims? integer|integer[]
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:std(dims, keep) end

--- Gives the Euclidean norm.
---@param dims? integer|integer[]
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:norm(dims, keep) end

--- Gives the largest number; along a dimension also its places.
---@param dim? integer
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:max(dim, keep) end

--- Gives the smallest number; along a dimension also its places.
---@param dim? integer
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:min(dim, keep) end

--- Gives the place of the largest number, from 1.
---@param dim? integer
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:argmax(dim, keep) end

--- Gives the places that sort x, from 1.
---@param dim? integer
---@return lorarun.Tensor
function Tensor:argsort(dim) end

--- Says where any number is not 0.
---@param dim? integer
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:any(dim, keep) end

--- Says where no number is 0.
---@param dim? integer
---@param keep? boolean
---@return lorarun.Tensor
function Tensor:all(dim, keep) end

--- Gives running sums.
---@param dim integer
---@return lorarun.Tensor
function Tensor:cumsum(dim) end

--- Gives the shape, or one dimension of it.
---@param dim? integer
---@return integer[]|integer
function Tensor:size(dim) end

--- Gives the number of dimensions.
---@return integer
function Tensor:dim() end

--- Gives the number of numbers.
---@return integer
function Tensor:numel() end

--- Gives the same numbers in another shape; -1 stands for what is left.
---@param shape integer[]
---@return lorarun.Tensor
function Tensor:reshape(shape) end

--- Repeats dimensions of size 1 without copying.
---@param shape integer[]
---@return lorarun.Tensor
function Tensor:expand(shape) end

--- Gives the dimensions in another order.
---@param dims integer[]
---@return lorarun.Tensor
function Tensor:permute(dims) end

--- Swaps two dimensions (the last two when absent).
---@param a? integer
---@param b? integer
---@return lorarun.Tensor
function Tensor:transpose(a, b) end

--- Drops dimensions of size 1.
---@param dim? integer
---@return lorarun.Tensor
function Tensor:squeeze(dim) end

--- Adds a dimension of size 1.
---@param dim integer
---@return lorarun.Tensor
function Tensor:unsqueeze(dim) end

--- Turns dimensions around.
---@param dims integer|integer[]
---@return lorarun.Tensor
function Tensor:flip(dims) end

--- Gives another dtype or device: to("bfloat16"), to{device = "cuda"}.
---@param target string|lorarun.TensorOptions
---@return lorarun.Tensor
function Tensor:to(target) end

--- Gives the name of the dtype.
---@return string
function Tensor:dtype() end

--- Gives the name of the device.
---@return string
function Tensor:device() end

--- Gives one place of a dimension, without that dimension.
---@param dim integer
---@param index integer
---@return lorarun.Tensor
function Tensor:select(dim, index) end

--- Gives `length` places from `first`.
---@param dim integer
---@param first integer
---@param length integer
---@return lorarun.Tensor
function Tensor:narrow(dim, first, length) end

--- Gives the places from first to last, both inside.
---@param dim integer
---@param first integer
---@param last integer
---@return lorarun.Tensor
function Tensor:slice(dim, first, last) end

--- Gives the places that an int tensor names.
---@param dim integer
---@param places lorarun.Tensor
---@return lorarun.Tensor
function Tensor:index_select(dim, places) end

--- Gives for each place the number that `places` names along a dimension.
---@param dim integer
---@param places lorarun.Tensor
---@return lorarun.Tensor
function Tensor:gather(dim, places) end

--- Gives n parts along a dimension, as n results.
---@param n integer
---@param dim integer
---@return lorarun.Tensor
function Tensor:chunk(n, dim) end

--- Gives the one number of a tensor as a Lua number.
---@return number
function Tensor:item() end

--- Gives all numbers as nested tables.
---@return table|number
function Tensor:to_table() end

--- Says whether x is differentiated; with `on`, sets it and gives x.
---@param on? boolean
---@return boolean|lorarun.Tensor
function Tensor:requires_grad(on) end

--- Fills grad() of every leaf that this scalar depends on.
---@param keep_graph? boolean
function Tensor:backward(keep_graph) end

--- Gives the gradient that backward left, or nil.
---@return lorarun.Tensor?
function Tensor:grad() end

--- Forgets the gradient.
---@return lorarun.Tensor
function Tensor:zero_grad() end

--- Gives the memory back now; using x afterwards is an error.
function Tensor:free() end
