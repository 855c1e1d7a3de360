// What one recipe may use of memory and instructions inside its Lua state.
//
// Memory is counted by the state's allocator, instructions by a hook that runs
// every thousand.  What takes long inside one C function (a pattern, a long
// text) pays its cost in instructions beforehand by spend().  What none of this
// sees, the deadline of the process ends (process.h).

#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/script/lua.h"

namespace lorarun::policy {

struct Budget {
  size_t bytes = 0, most_bytes = 0;
  int64_t instructions_left = 0;
};

// A Lua state whose allocator counts in `budget`, which must outlive it.  Throws std::bad_alloc.
lua_State* new_state(Budget* budget);

// From now on the state may run so many instructions.  Once they are spent every instruction
// fails, so that a pcall in the recipe cannot swallow it.
void start_clock(lua_State* L, int64_t instructions);

// Lua function spend(instructions).
int spend(lua_State* L);

}  // namespace lorarun::policy
