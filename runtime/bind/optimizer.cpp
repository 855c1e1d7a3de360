// The class Optimizer: the program's optimizers for tensors of a script.

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

std::vector<Tensor> check_leaves(lua_State* L, int argument) {
  luaL_checktype(L, argument, LUA_TTABLE);
  std::vector<Tensor> leaves;
  for (size_t i = 1; i <= lua_objlen(L, argument); ++i) {
    lua_rawgeti(L, argument, static_cast<int>(i));
    leaves.push_back(check_tensor(L, lua_gettop(L)));
    lua_pop(L, 1);
    if (!leaves.back().requires_grad()) {
      throw Error("tensor " + std::to_string(i) + " needs no gradient")
          .fix("call x:requires_grad(true) on what should train");
    }
  }
  return leaves;
}

// optimizer.new("adamw", {w, b} [, options]) -> Optimizer
int make(lua_State* L) {
  const auto& kind = optim::registry().get(check_string(L, 1), "optimizer");
  const Json options = lua_isnoneornil(L, 3) ? Json::object() : to_json(L, 3, "options");
  auto made = std::make_shared<ScriptOptimizer>();
  made->groups.push_back({"all", check_leaves(L, 2), 0.0, true});
  made->optimizer = kind.make(made->groups, options);
  return push_handle(L, std::move(made));
}

// optimizer:step(lr): one update from the gradients, which are then cleared
int step(lua_State* L) {
  ScriptOptimizer& self = check<ScriptOptimizer>(L, 1);
  self.groups[0].lr = luaL_checknumber(L, 2);
  const at::NoGradGuard guard;
  self.optimizer->step(self.groups, ++self.step);
  for (Tensor& leaf : self.groups[0].parameters) { leaf.mutable_grad() = Tensor(); }
  return 0;
}

const luaL_Reg functions[] = {{"new", guarded<make>}, {nullptr, nullptr}};
const luaL_Reg methods[] = {{"step", guarded<step>}, {nullptr, nullptr}};

}  // namespace

void open_optimizer(lua_State* L) {
  open_class<ScriptOptimizer>(L, methods);
  add_module(L, "optimizer", functions);
}

}  // namespace lorarun::bind
