--- Tensors for scripts: construction, arithmetic, indexing from 1, autograd, memory.

local tensor = lorarun.tensor

local function grid() return tensor.from { { 1, 2, 3 }, { 4, 5, 6 } } end

test("tensor.from takes nested tables and to_table gives them back", function(t)
  t.equal(grid():to_table(), { { 1, 2, 3 }, { 4, 5, 6 } })
  t.equal(grid():size(), { 2, 3 })
  t.equal(grid():size(-1), 3)
  t.equal(grid():dtype(), "float32")
end)

test("tensor.from refuses rows of different lengths", function(t)
  t.fails(function() tensor.from { { 1, 2 }, { 3 } } end, "the rows of the table differ in length")
end)

test("constructors give what their names say", function(t)
  t.equal(tensor.zeros({ 2 }):to_table(), { 0, 0 })
  t.equal(tensor.ones({ 2 }, { dtype = "int64" }):dtype(), "int64")
  t.equal(tensor.full({ 2 }, 7):to_table(), { 7, 7 })
  t.equal(tensor.arange(1, 4):to_table(), { 1, 2, 3, 4 })
  t.equal(tensor.linspace(0, 1, 3):to_table(), { 0, 0.5, 1 })
  t.equal(tensor.eye(2):to_table(), { { 1, 0 }, { 0, 1 } })
end)

test("an unknown option names its candidates", function(t)
  t.fails(function() tensor.zeros({ 1 }, { dtyp = "float32" }) end, "did you mean 'dtype'")
end)

test("keyed random numbers are a function of their key", function(t)
  local a = tensor.normal({ 3 }, { seed = 5, stream = "noise", step = 2, sample = 1 })
  local b = tensor.normal({ 3 }, { seed = 5, stream = "noise", step = 2, sample = 1 })
  local c = tensor.normal({ 3 }, { seed = 5, stream = "noise", step = 3, sample = 1 })
  t.ok(a:equal(b))
  t.ok(not a:equal(c))
end)

test("operators take tensors and numbers on either side", function(t)
  local x = tensor.from { 1, 2, 4 }
  t.equal((x + 1):to_table(), { 2, 3, 5 })
  t.equal((1 - x):to_table(), { 0, -1, -3 })
  t.equal((x * x):to_table(), { 1, 4, 16 })
  t.equal((8 / x):to_table(), { 8, 4, 2 })
  t.equal((x ^ 2):to_table(), { 1, 4, 16 })
  t.equal((-x):to_table(), { -1, -2, -4 })
  t.equal((x % 2):to_table(), { 1, 0, 0 })
end)

test("a number does not change the dtype of a tensor", function(t)
  t.equal((tensor.ones({ 1 }, { dtype = "bfloat16" }) * 2):dtype(), "bfloat16")
  t.equal((tensor.ones({ 1 }, { dtype = "int64" }) * 2):dtype(), "int64")
end)

test("named arithmetic gives new tensors and add_ changes in place", function(t)
  local x = tensor.from { 1, 2 }
  local y = x:add(1)
  t.equal(x:to_table(), { 1, 2 })
  t.equal(y:to_table(), { 2, 3 })
  t.ok(rawequal(x:add_(10), x))
  t.equal(x:to_table(), { 11, 12 })
end)

test("comparison gives masks", function(t)
  t.equal(tensor.from({ 1, 5 }):gt(3):to("int64"):to_table(), { 0, 1 })
  t.equal(tensor.from({ 1, 5 }):gt(3):where(1, -1):to_table(), { -1, 1 })
end)

test("indices count from 1 and -1 is the last", function(t)
  t.equal(grid()[1]:to_table(), { 1, 2, 3 })
  t.equal(grid()[-1]:to_table(), { 4, 5, 6 })
  t.equal(grid()[2][3]:item(), 6)
  t.fails(function() return grid()[0] end, "indices count from 1 to 2")
  t.fails(function() return grid()[3] end, "index 3 of 2")
end)

test("tables slice, with both ends inside", function(t)
  t.equal(grid()[{ 1, { 2, 3 } }]:to_table(), { 2, 3 })
  t.equal(grid()[{ {}, 2 }]:to_table(), { 2, 5 })
  t.equal(grid():slice(2, 1, 2):to_table(), { { 1, 2 }, { 4, 5 } })
  t.equal(grid():narrow(2, 2, 1):to_table(), { { 2 }, { 5 } })
  t.equal(grid():select(1, 2):to_table(), { 4, 5, 6 })
end)

test("masks and lists of rows index", function(t)
  local x = tensor.from { 10, 20, 30 }
  t.equal(x[x:gt(15)]:to_table(), { 20, 30 })
  t.equal(x[tensor.from({ 3, 1 }, { dtype = "int64" })]:to_table(), { 30, 10 })
  t.equal(x:index_select(1, tensor.from({ 2 }, { dtype = "int64" })):to_table(), { 20 })
end)

test("assignment goes through the same forms", function(t)
  local x = grid()
  x[{ 1, { 2, 3 } }] = 0
  x[2] = tensor.from { 7, 8, 9 }
  t.equal(x:to_table(), { { 1, 0, 0 }, { 7, 8, 9 } })
  x[x:gt(7)] = -1
  t.equal(x:to_table(), { { 1, 0, 0 }, { 7, -1, -1 } })
end)

test("gather and argmax speak of places from 1", function(t)
  local x = tensor.from { { 1, 9 }, { 8, 2 } }
  local places = x:argmax(2)
  t.equal(places:to_table(), { 2, 1 })
  t.equal(x:gather(2, places:unsqueeze(2)):to_table(), { { 9 }, { 8 } })
end)

test("shape operations", function(t)
  t.equal(grid():reshape(3, 2):to_table(), { { 1, 2 }, { 3, 4 }, { 5, 6 } })
  t.equal(grid():transpose():to_table(), { { 1, 4 }, { 2, 5 }, { 3, 6 } })
  t.equal(grid():permute(2, 1):size(), { 3, 2 })
  t.equal(grid():unsqueeze(1):size(), { 1, 2, 3 })
  t.equal(grid():unsqueeze(-1):squeeze():size(), { 2, 3 })
  t.equal(tensor.from({ 1, 2 }):unsqueeze(2):expand(2, 3):to_table(), { { 1, 1, 1 }, { 2, 2, 2 } })
  t.equal(grid():flip(2)[1]:to_table(), { 3, 2, 1 })
  t.equal(tensor.cat({ grid(), grid() }, 1):size(), { 4, 3 })
  t.equal(tensor.stack({ grid(), grid() }, 3):size(), { 2, 3, 2 })
  t.fails(function() grid():transpose(0, 1) end, "dimensions count from 1")
end)

test("reductions go over all, one or several dimensions", function(t)
  t.equal(grid():sum():item(), 21)
  t.equal(grid():sum(1):to_table(), { 5, 7, 9 })
  t.equal(grid():mean({ 1, 2 }):item(), 3.5)
  t.equal(grid():sum(2, true):size(), { 2, 1 })
  t.near(grid():std():item(), 1.8708287, 1e-6)
  t.near(tensor.from({ 3, 4 }):norm():item(), 5)
  t.equal(grid():max():item(), 6)
  local values, places = grid():max(2)
  t.equal(values:to_table(), { 3, 6 })
  t.equal(places:to_table(), { 3, 3 })
  t.equal(grid():gt(5):any():item(), 1)
  t.equal(grid():gt(5):all():item(), 0)
end)

test("elementwise functions", function(t)
  t.near(tensor.from({ 0 }):sigmoid():item(), 0.5)
  t.equal(tensor.from({ -1, 2 }):relu():to_table(), { 0, 2 })
  t.equal(tensor.from({ -1, 5 }):clamp(0, 3):to_table(), { 0, 3 })
  t.equal(tensor.from({ 1, 5 }):minimum(3):to_table(), { 1, 3 })
  t.near(tensor.from({ 1 }):silu():item(), 0.7310586, 1e-6)
  t.near(tensor.from({ 1 }):gelu():item(), 0.8413447, 1e-6)
  t.near(tensor.from({ 1, 1 }):softmax(1)[1]:item(), 0.5)
end)

test("matmul, conv2d and interpolate", function(t)
  t.equal(grid():matmul(grid():transpose()):to_table(), { { 14, 32 }, { 32, 77 } })
  local x = tensor.ones { 1, 1, 3, 3 }
  t.equal(x:conv2d(tensor.ones { 1, 1, 3, 3 }, { padding = 1 })[{ 1, 1, 2, 2 }]:item(), 9)
  t.equal(x:interpolate({ 6, 6 }):size(), { 1, 1, 6, 6 })
end)

test("backward fills grad, and lorarun.grad gives gradients by name", function(t)
  local x = tensor.from({ 1, 2, 3 }):requires_grad(true)
  local loss = (x * x):sum()
  loss:backward()
  t.equal(x:grad():to_table(), { 2, 4, 6 })
  t.ok(x:zero_grad():grad() == nil)
  local w = tensor.from({ 2 }):requires_grad(true)
  t.equal(lorarun.grad((w ^ 3):sum(), { w })[1]:to_table(), { 12 })
end)

test("no_grad and detach keep autograd out", function(t)
  local x = tensor.from({ 1 }):requires_grad(true)
  t.ok(not lorarun.no_grad(function() return (x * 2):requires_grad() end))
  t.ok((x * 2):requires_grad())
  t.ok(not x:detach():requires_grad())
end)

test("safetensors keep tensors to the bit", function(t)
  local path = os.tmpname()
  local x = tensor.normal({ 4, 5 }, { seed = 1 })
  tensor.save(path, { x = x, y = tensor.ones({ 2 }, { dtype = "bfloat16" }) }, { note = "hello" })
  local back = tensor.load(path)
  os.remove(path)
  t.ok(back.x:equal(x))
  t.equal(back.y:dtype(), "bfloat16")
end)

test("print shows rows and a closing line", function(t)
  t.equal(tostring(grid()), "  1  2  3\n  4  5  6\nTensor [2, 3] float32 cpu")
  t.equal(tostring(tensor.from { 0.5, -1.25 }), "   0.5000  -1.2500\nTensor [2] float32 cpu")
  t.ok(tostring(tensor.zeros { 100 }):find("…", 1, true))
end)

test("free gives memory back at once, twice does nothing, use is an error", function(t)
  local before = lorarun.memory().bytes
  local x = tensor.zeros { 1024 }
  t.equal(lorarun.memory().bytes - before, 4096)
  x:free()
  x:free()
  t.equal(lorarun.memory().bytes, before)
  t.fails(function() return x + 1 end, "this Tensor was freed")
end)

test("views share their bytes", function(t)
  local before = lorarun.memory().bytes
  local x = tensor.zeros { 1024 }
  local view = x[{ { 1, 10 } }]
  t.equal(lorarun.memory().bytes - before, 4096)
  x:free()
  t.equal(lorarun.memory().bytes - before, 4096)
  view:free()
  t.equal(lorarun.memory().bytes, before)
end)

test("a scope frees what it made, except what it returns", function(t)
  collectgarbage()
  local before, inside = lorarun.memory().tensors, nil
  local kept = lorarun.scope(function()
    inside = tensor.ones { 8 }
    return { inside + 1 }
  end)
  t.equal(kept[1]:sum():item(), 16)
  t.fails(function() return inside:sum() end, "was freed")
  kept[1]:free()
  collectgarbage()
  t.equal(lorarun.memory().tensors, before)
end)

test("a scope frees on an error too", function(t)
  local inside
  t.fails(function()
    lorarun.scope(function()
      inside = tensor.ones { 8 }
      error("oops")
    end)
  end, "oops")
  t.fails(function() return inside:sum() end, "was freed")
end)

test("big tensors are collected before they fill the memory", function(t)
  for _ = 1, 100 do tensor.zeros { 4 * 1024 * 1024 } end -- 100 times 16 MiB
  t.ok(lorarun.memory().bytes < 600 * 1024 * 1024)
end)

test("a C++ exception is a Lua error with its text and the script's line", function(t)
  local problem = t.fails(function() return grid() + tensor.ones { 7 } end, "must match")
  t.ok(tostring(problem):find("tensor_spec.lua", 1, true))
end)
