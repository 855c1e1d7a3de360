#include "runtime/bind/open.h"

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/bind/box.h"
#include "runtime/bind/torch_errors.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

const luaL_Reg kFunctions[] = {{"bound_names", guarded<bound_names>}, {nullptr, nullptr}};

// Adds "<prefix><key>" of every function in the table on top.
void add_names(lua_State* L, const std::string& prefix, std::vector<std::string>* names) {
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {  // [key, value]
    if (lua_isfunction(L, -1)) { names->push_back(prefix + lua_tostring(L, -2)); }
    lua_pop(L, 1);
  }
}

void add_module_names(lua_State* L, std::vector<std::string>* names) {
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {  // [module name, module]
    if (lua_istable(L, -1)) { add_names(L, std::string(lua_tostring(L, -2)) + ".", names); }
    lua_pop(L, 1);
  }
}

// Metatables of classes are the registry's tables with a __gc.
void add_class_names(lua_State* L, std::vector<std::string>* names) {
  lua_pushnil(L);
  while (lua_next(L, LUA_REGISTRYINDEX) != 0) {  // [key, value]
    constexpr std::string_view kPrefix = "lorarun.methods.";
    if (lua_type(L, -2) == LUA_TSTRING && lua_istable(L, -1)) {
      const std::string key = lua_tostring(L, -2);
      if (key.starts_with(kPrefix)) { add_names(L, key.substr(kPrefix.size()) + ":", names); }
    }
    lua_pop(L, 1);
  }
}

}  // namespace

int bound_names(lua_State* L) {
  std::vector<std::string> names;
  lua_getfield(L, LUA_REGISTRYINDEX, "lorarun.bound");
  add_names(L, "", &names);
  add_module_names(L, &names);
  add_class_names(L, &names);
  std::sort(names.begin(), names.end());
  push_strings(L, names);
  return 1;
}

void open_all(lua_State* L) {
  open_errors(L);
  install_torch_errors();
  lua_newtable(L);  // [lorarun]
  luaL_register(L, nullptr, kFunctions);
  for (const auto open : {open_tensor, open_device, open_kinds, open_image, open_model,
                          open_network, open_optimizer, open_loader, open_trainer, open_checkpoint,
                          open_render, open_memory, open_run_files, open_tokenizer}) {
    open(L);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "lorarun.bound");
  lua_setglobal(L, "lorarun");
}

}  // namespace lorarun::bind
