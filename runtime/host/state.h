// The trusted Lua state: the whole API, the standard library, JIT off.
//
// The loop, the verbs' Lua parts and `--trust` scripts run here, on the main
// thread.  Recipes do not: they have a process of their own (runtime/policy/).

#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/script/lua.h"

namespace lorarun::host {

class LuaState {
 public:
  LuaState();
  ~LuaState();
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  lua_State* get() { return L_; }

  // Calls require(module)[function](argument); gives the number that it returns (0 without one).
  int call_module(const std::string& module, const std::string& function, const Json& argument);

  // Runs a script file with `arg` set; gives 0, or the number that it returns.
  int run_script(const std::string& path, const std::vector<std::string>& arguments);

 private:
  int result_on_top();

  lua_State* L_;
};

}  // namespace lorarun::host
