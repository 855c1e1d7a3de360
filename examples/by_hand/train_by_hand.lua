--- Training by hand: a small network learns to paint a picture from its coordinates.
--
--   run   ./lorarun --trust examples/by_hand/train_by_hand.lua [OUT.png]
--
-- A picture is a function (x, y) -> (r, g, b).  Waves of many frequencies go in,
-- colours come out; autograd gives the gradients and AdamW moves the weights.

local tensor, out = lorarun.tensor, arg[1] or "painted.png"
local SIDE, WAVES, WIDTH, STEPS = 48, 32, 64, 200

local axis = tensor.linspace(-1, 1, SIDE)
local x, y = axis:reshape(1, SIDE):expand(SIDE, SIDE), axis:reshape(SIDE, 1):expand(SIDE, SIDE)
local disc, rings = (x * x + y * y):lt(0.5):to("float32"), ((x * x + y * y) * 18):sin() * 0.5 + 0.5
local picture = tensor.stack({ disc * rings, disc * (x + 1) / 2, 1 - disc }, 3):reshape(SIDE * SIDE, 3)

local places = tensor.stack({ x, y }, 3):reshape(SIDE * SIDE, 2)
local angles = places:matmul(tensor.normal({ 2, WAVES }, { stream = "waves" }) * 6)
local input = tensor.cat({ angles:sin(), angles:cos() }, 2)

local function layer(fan_in, fan_out, name)
  local weight = tensor.uniform({ fan_in, fan_out }, { stream = name }) * 2 - 1
  return (weight / math.sqrt(fan_in)):requires_grad(true), tensor.zeros({ fan_out }):requires_grad(true)
end
local w1, b1 = layer(2 * WAVES, WIDTH, "first")
local w2, b2 = layer(WIDTH, 3, "second")
local optimizer = lorarun.optimizer.new("adamw", { w1, b1, w2, b2 }, { weight_decay = 0 })

local function paint() return (((input:matmul(w1) + b1):silu()):matmul(w2) + b2):sigmoid() end

for step = 1, STEPS do
  lorarun.scope(function()
    local loss = ((paint() - picture) ^ 2):mean()
    loss:backward()
    optimizer:step(5e-3 * (1 - step / STEPS))
    if step == 1 or step % 50 == 0 then print(("step %3d  loss %.5f"):format(step, loss:item())) end
  end)
end
lorarun.image.save(out, lorarun.no_grad(paint):reshape(SIDE, SIDE, 3):permute(3, 1, 2))
