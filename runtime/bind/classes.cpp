#include "runtime/bind/classes.h"

#include "runtime/script/values.h"

namespace lorarun::bind {

int push_named_tensors(lua_State* L, const std::map<std::string, Tensor>& tensors) {
  lua_createtable(L, 0, static_cast<int>(tensors.size()));
  for (const auto& [name, tensor] : tensors) {
    push_string(L, name);
    push_tensor(L, tensor);
    lua_rawset(L, -3);
  }
  return 1;
}

std::map<std::string, Tensor> check_named_tensors(lua_State* L, int argument) {
  luaL_checktype(L, argument, LUA_TTABLE);
  std::map<std::string, Tensor> tensors;
  lua_pushnil(L);
  while (lua_next(L, argument) != 0) {  // [name, tensor]
    if (lua_type(L, -2) != LUA_TSTRING) { throw Error("tensors are given by name"); }
    tensors.emplace(lua_tostring(L, -2), check_tensor(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  return tensors;
}

}  // namespace lorarun::bind
