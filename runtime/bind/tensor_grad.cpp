// Automatic differentiation for scripts: requires_grad, backward, grad.

#include "runtime/bind/tensor_wrap.h"

namespace lorarun::bind {

namespace {

// x:requires_grad() -> boolean;  x:requires_grad(true) sets it and gives x
int requires_grad(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) {
    lua_pushboolean(L, x.requires_grad());
    return 1;
  }
  Tensor(x).requires_grad_(lua_toboolean(L, 2) != 0);
  lua_settop(L, 1);
  return 1;
}

// loss:backward([keep_graph])
int backward(lua_State* L) {
  check_tensor(L, 1).backward({}, lua_toboolean(L, 2) != 0);
  return 0;
}

int grad(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).grad());
}

int zero_grad(lua_State* L) {
  Tensor(check_tensor(L, 1)).mutable_grad() = Tensor();
  lua_settop(L, 1);
  return 1;
}

int detach(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).detach());
}

// lorarun.grad(loss, {x, y}) -> list of gradients; a leaf that took no part gives nil
int grad_of(lua_State* L) {
  const Tensor& loss = check_tensor(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  std::vector<Tensor> inputs;
  for (size_t i = 1; i <= lua_objlen(L, 2); ++i) {
    lua_rawgeti(L, 2, static_cast<int>(i));
    inputs.push_back(check_tensor(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  const auto grads = torch::autograd::grad({loss}, inputs, {}, std::nullopt, false, true);
  lua_createtable(L, static_cast<int>(grads.size()), 0);
  for (size_t i = 0; i < grads.size(); ++i) {
    push_tensor(L, grads[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
  return 1;
}

// lorarun.no_grad(f, …) -> what f gives
int no_grad(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  const at::NoGradGuard guard;
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

}  // namespace

const luaL_Reg tensor_grad_methods[] = {{"requires_grad", guarded<requires_grad>},
                                        {"backward", guarded<backward>},
                                        {"grad", guarded<grad>},
                                        {"zero_grad", guarded<zero_grad>},
                                        {"detach", guarded<detach>},
                                        {nullptr, nullptr}};

const luaL_Reg tensor_grad_functions[] = {
    {"grad", guarded<grad_of>}, {"no_grad", guarded<no_grad>}, {nullptr, nullptr}};

}  // namespace lorarun::bind
