#include "runtime/script/guard.h"

#include <new>
#include <string>

namespace lorarun::script {

namespace {

ExceptionHook exception_hook = nullptr;

std::string field(lua_State* L, int table, const char* key) {
  lua_getfield(L, table, key);  // [value]
  size_t length = 0;
  const char* text = lua_tolstring(L, -1, &length);
  std::string value = text ? std::string(text, length) : std::string();
  lua_pop(L, 1);
  return value;
}

int error_to_string(lua_State* L) {
  std::string text = field(L, 1, "what");
  if (const std::string place = field(L, 1, "where"); !place.empty()) {
    text += "\n   at: " + place;
  }
  if (const std::string fix = field(L, 1, "fix"); !fix.empty()) { text += "\n  fix: " + fix; }
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

void set_text(lua_State* L, const char* key, const std::string& value) {
  if (value.empty()) { return; }
  lua_pushlstring(L, value.data(), value.size());
  lua_setfield(L, -2, key);
}

// "train.lua:12" of the nearest Lua function, or nothing.
std::string script_line(lua_State* L) {
  luaL_where(L, 1);
  std::string line = lua_tostring(L, -1);
  lua_pop(L, 1);
  if (line.size() > 2) { line.resize(line.size() - 2); }  // ": "
  return line;
}

}  // namespace

void open_errors(lua_State* L) {
  luaL_newmetatable(L, "lorarun.Error");  // [meta]
  lua_pushcfunction(L, error_to_string);
  lua_setfield(L, -2, "__tostring");
  lua_pop(L, 1);
}

void push_error(lua_State* L, const Error& error) {
  const std::string place = error.place().empty() ? script_line(L) : error.place();
  lua_newtable(L);  // [error]
  set_text(L, "what", error.headline());
  set_text(L, "where", place);
  set_text(L, "fix", error.remedy());
  lua_pushinteger(L, error.exit_code());
  lua_setfield(L, -2, "exit_code");
  luaL_getmetatable(L, "lorarun.Error");
  lua_setmetatable(L, -2);
}

void set_exception_hook(ExceptionHook hook) {
  exception_hook = hook;
}

void push_exception(lua_State* L, const std::exception& exception) {
  if (exception_hook && exception_hook(L, exception)) { return; }
  if (dynamic_cast<const std::bad_alloc*>(&exception)) {
    return push_error_text(L, "not enough memory");
  }
  push_error_text(L, exception.what());
}

void push_error_text(lua_State* L, const char* text) {
  luaL_where(L, 1);
  lua_pushstring(L, text);
  lua_concat(L, 2);
}

}  // namespace lorarun::script
