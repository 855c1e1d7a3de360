// The one place where a C++ exception becomes a Lua error.
//
//   {"save", guarded<save>}
//
// A thrown lorarun::Error becomes a table {what, where, fix, exit_code} that
// prints itself; any other exception becomes a text with the script's line.
// There is no catch (...): on x86-64 Lua's own errors travel through C++ frames
// as foreign exceptions and must pass.

#pragma once

#include "runtime/base/error.h"
#include "runtime/bind/lua.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

// Each pushes one error value.  An Error without a place gets the script's line.
void push_error(lua_State* L, const Error& error);
void push_error_text(lua_State* L, const char* text);
void push_torch_error(lua_State* L, const c10::Error& error);  // out of memory: with what helps

template <int (*body)(lua_State*)>
int guarded(lua_State* L) {
  try {
    return body(L);
  } catch (const Error& error) { push_error(L, error); } catch (const c10::Error& error) {
    push_torch_error(L, error);
  } catch (const std::bad_alloc&) {
    push_error_text(L, "not enough memory");
  } catch (const std::exception& error) {
    push_error_text(L, error.what());
  }  // body's locals are gone; only now leave through Lua
  return lua_error(L);
}

// Makes the metatable of error values; once per state.
void open_errors(lua_State* L);

}  // namespace lorarun::bind
