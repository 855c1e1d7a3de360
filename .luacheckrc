-- Lua as the program runs it; recipes see the constructors of lua/lorarun/sandbox.lua.
std = "luajit"
max_line_length = 160
unused_args = false
globals = { "lorarun" }
local recipe_names = {
  "recipe", "flux", "lora", "full", "images", "adamw", "sgd", "sigmoid", "uniform", "logit_normal", "shifted", "flux_shift",
  "mse", "mae", "huber", "every", "best", "phase", "params", "schedule",
}
files["recipes"] = { read_globals = recipe_names }
files["examples"] = { read_globals = recipe_names }
files["tests/lua"] = { read_globals = { "test", "expect", "group" } }
files["lua/meta"] = { ignore = { "111", "112", "113", "121", "131", "211", "212", "241", "542" } }
