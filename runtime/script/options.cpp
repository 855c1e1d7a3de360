#include "runtime/script/options.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/script/values.h"

namespace lorarun::script {

Options::Options(lua_State* L, int argument, const std::vector<std::string>& known)
    : L_(L), argument_(argument), absent_(lua_isnoneornil(L, argument)) {
  if (absent_) { return; }
  luaL_checktype(L, argument, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, argument) != 0) {  // [key, value]
    lua_pop(L, 1);
    const std::string key = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "[number]";
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Error("unknown option '" + key + "'").fix(key, known, "options");
    }
  }
}

void Options::push(const char* key) const {
  if (absent_) {
    lua_pushnil(L_);
  } else {
    lua_getfield(L_, argument_, key);
  }
}

bool Options::has(const char* key) const {
  push(key);
  const bool there = !lua_isnil(L_, -1);
  lua_pop(L_, 1);
  return there;
}

bool Options::open(const char* key, int type, const char* expected) const {
  push(key);
  if (lua_isnil(L_, -1)) {
    lua_pop(L_, 1);
    return false;
  }
  if (lua_type(L_, -1) != type) {
    throw Error(std::string("option '") + key + "' is a " + luaL_typename(L_, -1))
        .fix(std::string("give ") + expected);
  }
  return true;
}

double Options::number(const char* key, double absent) const {
  if (!open(key, LUA_TNUMBER, "a number")) { return absent; }
  const double value = lua_tonumber(L_, -1);
  lua_pop(L_, 1);
  return value;
}

int64_t Options::integer(const char* key, int64_t absent) const {
  return static_cast<int64_t>(number(key, static_cast<double>(absent)));
}

bool Options::flag(const char* key, bool absent) const {
  if (!open(key, LUA_TBOOLEAN, "true or false")) { return absent; }
  const bool value = lua_toboolean(L_, -1) != 0;
  lua_pop(L_, 1);
  return value;
}

std::string Options::text(const char* key, const std::string& absent) const {
  if (!open(key, LUA_TSTRING, "a text")) { return absent; }
  std::string value = check_string(L_, lua_gettop(L_));
  lua_pop(L_, 1);
  return value;
}

std::vector<std::string> Options::texts(const char* key) const {
  push(key);
  std::vector<std::string> values;
  if (!lua_isnil(L_, -1)) { values = check_strings(L_, lua_gettop(L_)); }
  lua_pop(L_, 1);
  return values;
}

std::vector<int64_t> Options::integers(const char* key, const std::vector<int64_t>& absent) const {
  if (!open(key, LUA_TTABLE, "a list of whole numbers")) { return absent; }
  std::vector<int64_t> values = check_integers(L_, lua_gettop(L_));
  lua_pop(L_, 1);
  return values;
}

Json Options::json(const char* key, const Json& absent) const {
  push(key);
  const Json value = lua_isnil(L_, -1) ? absent : to_json(L_, -1, key);
  lua_pop(L_, 1);
  return value;
}

}  // namespace lorarun::script
