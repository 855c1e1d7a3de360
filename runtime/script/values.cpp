#include "runtime/script/values.h"

#include <cmath>

#include "runtime/base/error.h"

namespace lorarun::script {

namespace {

constexpr int kDeepest = 64;

Json table_to_json(lua_State* L, int table, const std::string& path, int depth);

Json number_to_json(double value) {
  if (std::floor(value) == value && std::abs(value) <= 9007199254740992.0) {
    return static_cast<int64_t>(value);
  }
  return value;
}

Json value_to_json(lua_State* L, int index, const std::string& path, int depth) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      return nullptr;
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0;
    case LUA_TNUMBER:
      return number_to_json(lua_tonumber(L, index));
    case LUA_TSTRING:
      return check_string(L, index);
    case LUA_TTABLE:
      return table_to_json(L, index, path, depth + 1);
    default:
      throw Error(path + " is a " + luaL_typename(L, index) + ", which is not plain data")
          .fix("use numbers, texts, true, false and tables of them");
  }
}

// Keys of the table at `index`: how many are whole numbers >= 1, and how many there are.
void count_keys(lua_State* L, int table, size_t* numbered, size_t* all) {
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {  // [key, value]
    ++*all;
    if (lua_type(L, -2) == LUA_TNUMBER) { ++*numbered; }
    lua_pop(L, 1);
  }
}

Json list_to_json(lua_State* L, int table, const std::string& path, int depth) {
  Json list = Json::array();
  for (size_t i = 1; i <= lua_objlen(L, table); ++i) {
    lua_rawgeti(L, table, static_cast<int>(i));
    list.push_back(value_to_json(L, lua_gettop(L), path + "[" + std::to_string(i) + "]", depth));
    lua_pop(L, 1);
  }
  return list;
}

Json object_to_json(lua_State* L, int table, const std::string& path, int depth) {
  Json object = Json::object();
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {  // [key, value]
    if (lua_type(L, -2) != LUA_TSTRING) {
      throw Error(path + " has a key that is a " + luaL_typename(L, -2))
          .fix("keys are names, or 1, 2, 3 … of a list");
    }
    const std::string key = lua_tostring(L, -2);
    object[key] = value_to_json(L, lua_gettop(L), path + "." + key, depth);
    lua_pop(L, 1);
  }
  return object;
}

Json table_to_json(lua_State* L, int table, const std::string& path, int depth) {
  if (depth > kDeepest) { throw Error(path + " contains itself, or is nested too deeply"); }
  luaL_checkstack(L, 8, "nested too deeply");
  size_t numbered = 0, all = 0;
  count_keys(L, table, &numbered, &all);
  if (numbered == 0) { return object_to_json(L, table, path, depth); }
  if (numbered == all && lua_objlen(L, table) == all) {
    return list_to_json(L, table, path, depth);
  }
  throw Error(path + " mixes a list with named keys, or has gaps in the list")
      .fix("use either names or 1, 2, 3 …");
}

}  // namespace

Json to_json(lua_State* L, int index, const std::string& path) {
  if (index < 0) { index = lua_gettop(L) + 1 + index; }
  return value_to_json(L, index, path, 0);
}

void push_json(lua_State* L, const Json& value) {
  luaL_checkstack(L, 8, "nested too deeply");
  if (value.is_boolean()) {
    lua_pushboolean(L, value.get<bool>());
  } else if (value.is_number()) {
    lua_pushnumber(L, value.get<double>());
  } else if (value.is_string()) {
    push_string(L, value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    lua_createtable(L, static_cast<int>(value.size()), 0);
    for (size_t i = 0; i < value.size(); ++i) {
      push_json(L, value[i]);
      lua_rawseti(L, -2, static_cast<int>(i + 1));
    }
  } else if (value.is_object()) {
    lua_createtable(L, 0, static_cast<int>(value.size()));
    for (const auto& [key, item] : value.items()) {
      push_string(L, key);
      push_json(L, item);
      lua_rawset(L, -3);
    }
  } else {
    lua_pushnil(L);
  }
}

std::string check_string(lua_State* L, int argument) {
  size_t length = 0;
  const char* text = luaL_checklstring(L, argument, &length);
  return std::string(text, length);
}

std::vector<std::string> check_strings(lua_State* L, int argument) {
  if (lua_type(L, argument) == LUA_TSTRING) { return {check_string(L, argument)}; }
  luaL_checktype(L, argument, LUA_TTABLE);
  std::vector<std::string> texts;
  for (size_t i = 1; i <= lua_objlen(L, argument); ++i) {
    lua_rawgeti(L, argument, static_cast<int>(i));
    texts.push_back(check_string(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  return texts;
}

std::vector<int64_t> check_integers(lua_State* L, int argument) {
  luaL_checktype(L, argument, LUA_TTABLE);
  std::vector<int64_t> numbers;
  for (size_t i = 1; i <= lua_objlen(L, argument); ++i) {
    lua_rawgeti(L, argument, static_cast<int>(i));
    numbers.push_back(static_cast<int64_t>(luaL_checknumber(L, -1)));
    lua_pop(L, 1);
  }
  return numbers;
}

void push_string(lua_State* L, const std::string& text) {
  lua_pushlstring(L, text.data(), text.size());
}

void push_strings(lua_State* L, const std::vector<std::string>& texts) {
  lua_createtable(L, static_cast<int>(texts.size()), 0);
  for (size_t i = 0; i < texts.size(); ++i) {
    push_string(L, texts[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

}  // namespace lorarun::script
