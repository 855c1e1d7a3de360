-- luacheck: strict globals; recipes get theirs from the sandbox (lua/lorarun/sandbox.lua).
std = "luajit"
max_line_length = 140
globals = { "lorarun" }
exclude_files = { "lua/meta" }
files["tests/lua"] = { read_globals = { "test" } }
for _, folder in ipairs { "recipes", "examples/*/recipe*.lua" } do
  files[folder] = { ignore = { "113", "212" } } -- constructors and schedules, arguments of hooks
end
files["lua/lorarun/sandbox.lua"] = { read_globals = { "nearest", "spend" } } -- given by runtime/policy/vm.cpp
