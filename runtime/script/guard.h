// The one place where a C++ exception becomes a Lua error.
//
//   {"save", guarded<save>}
//
// A thrown lorarun::Error becomes a table {what, where, fix, exit_code} that
// prints itself; any other exception becomes a text with the script's line.
// There is no catch (...): on x86-64 Lua's own errors travel through C++ frames
// as foreign exceptions and must pass.

#pragma once

#include <exception>

#include "runtime/base/error.h"
#include "runtime/script/lua.h"

namespace lorarun::script {

// Each pushes one error value.  An Error without a place gets the script's line.
void push_error(lua_State* L, const Error& error);
void push_error_text(lua_State* L, const char* text);

// Pushes the value of an exception that is no Error.  Rooms above know more kinds (LibTorch's):
// their hook pushes one value and gives true, or gives false.
using ExceptionHook = bool (*)(lua_State* L, const std::exception& exception);
void set_exception_hook(ExceptionHook hook);
void push_exception(lua_State* L, const std::exception& exception);

template <int (*body)(lua_State*)>
int guarded(lua_State* L) {
  try {
    return body(L);
  } catch (const Error& error) { push_error(L, error); } catch (const std::exception& exception) {
    push_exception(L, exception);
  }  // body's locals are gone; only now leave through Lua
  return lua_error(L);
}

// Makes the metatable of error values; once per state.
void open_errors(lua_State* L);

}  // namespace lorarun::script
