// What a Lua state of the program holds: the global table `lorarun`.
//
// Each wrap file has one open_*() that registers its class and adds its module
// to the table on top of the stack.

#pragma once

#include "runtime/bind/lua.h"

namespace lorarun::bind {

void open_tensor(lua_State* L);  // lorarun.tensor, grad, no_grad, memory, scope, keep

// Makes the table `lorarun` with everything that is bound, and sets the global.
void open_all(lua_State* L);

// lorarun.bound_names() -> {"tensor.zeros", "Tensor:add", …}: what the meta files must describe.
int bound_names(lua_State* L);

}  // namespace lorarun::bind
