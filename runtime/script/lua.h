// The one door to LuaJIT's C API, and the names that the room uses for it.

#pragma once

#include <lua.hpp>
