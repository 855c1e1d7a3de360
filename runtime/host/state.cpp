#include "runtime/host/state.h"

#include "runtime/base/files.h"
#include "runtime/bind/open.h"
#include "runtime/host/open.h"
#include "runtime/host/share.h"
#include "runtime/script/call.h"
#include "runtime/script/values.h"

namespace lorarun::host {

namespace {

// `require` finds the program's modules and nothing that is compiled; ffi stays closed, because a
// C declaration that is wrong takes the training down.
void set_up_packages(lua_State* L) {
  lua_getglobal(L, "package");  // [package]
  bind::push_string(L, (share_folder() / "lua/?.lua").string());
  lua_setfield(L, -2, "path");
  bind::push_string(L, "");
  lua_setfield(L, -2, "cpath");
  lua_getfield(L, -1, "preload");  // [package, preload]
  lua_pushnil(L);
  lua_setfield(L, -2, "ffi");
  lua_pop(L, 2);
}

// lua_cpcall protects the set-up: even pushing a function may run out of memory.
int set_up(lua_State* L) {
  luaL_openlibs(L);
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);  // after openlibs, which turns it on
  set_up_packages(L);
  bind::open_all(L);
  open_host(L);
  return 0;
}

}  // namespace

LuaState::LuaState() : L_(luaL_newstate()) {
  if (!L_) { throw std::bad_alloc(); }
  if (lua_cpcall(L_, set_up, nullptr) != 0) {
    Error error(std::string("the Lua state did not open: ") + lua_tostring(L_, -1));
    lua_close(L_);
    throw error.while_working();
  }
}

LuaState::~LuaState() {
  lua_close(L_);
}

int LuaState::result_on_top() {
  const int code = lua_isnumber(L_, -1) ? static_cast<int>(lua_tointeger(L_, -1)) : 0;
  lua_pop(L_, 1);
  return code;
}

int LuaState::call_module(const std::string& module, const std::string& function,
                          const Json& argument) {
  lua_getglobal(L_, "require");
  bind::push_string(L_, module);
  bind::call(L_, 1, 1);  // [module]
  lua_getfield(L_, -1, function.c_str());
  lua_remove(L_, -2);  // [function]
  bind::push_json(L_, argument);
  bind::call(L_, 1, 1);
  return result_on_top();
}

int LuaState::run_script(const std::string& path, const std::vector<std::string>& arguments) {
  bind::push_strings(L_, arguments);  // [arg]
  bind::push_string(L_, path);
  lua_rawseti(L_, -2, 0);
  lua_setglobal(L_, "arg");
  bind::load_text(L_, read_text(path), path);  // [chunk]
  bind::call(L_, 0, 1);
  return result_on_top();
}

}  // namespace lorarun::host
