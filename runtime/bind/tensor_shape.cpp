// The shape of tensors: asking for it, and giving the same numbers another one.

#include "runtime/bind/tensor_wrap.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::bind {

namespace {

// x:size() -> {2, 3};  x:size(1) -> 2
int size(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (!lua_isnoneornil(L, 2)) {
    lua_pushnumber(L, static_cast<double>(x.size(to_dim(L, 2, x.dim()))));
    return 1;
  }
  lua_createtable(L, static_cast<int>(x.dim()), 0);
  for (int64_t d = 0; d < x.dim(); ++d) {
    lua_pushnumber(L, static_cast<double>(x.size(d)));
    lua_rawseti(L, -2, static_cast<int>(d + 1));
  }
  return 1;
}

int dim(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check_tensor(L, 1).dim()));
  return 1;
}

int numel(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(check_tensor(L, 1).numel()));
  return 1;
}

int reshape(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).reshape(check_shape(L, 2)));
}

int expand(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).expand(check_shape(L, 2)));
}

// x:permute(2, 1, 3)
int permute(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  std::vector<int64_t> dims = check_shape(L, 2);
  for (int64_t& d : dims) { d = shift_dim(d, x.dim()); }
  return push_tensor(L, x.permute(dims));
}

// x:transpose() swaps the last two dimensions, x:transpose(1, 3) those named.
int transpose(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.transpose(-1, -2)); }
  return push_tensor(L, x.transpose(to_dim(L, 2, x.dim()), to_dim(L, 3, x.dim())));
}

int squeeze(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.squeeze()); }
  return push_tensor(L, x.squeeze(to_dim(L, 2, x.dim())));
}

int unsqueeze(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, x.unsqueeze(to_dim(L, 2, x.dim() + 1)));
}

int flip(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, x.flip(check_dims(L, 2, x.dim())));
}

int contiguous(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).contiguous());
}

int clone(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).clone());
}

// x:to("bfloat16"), x:to{dtype = "float32", device = "cuda"}
int to(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING) {
    return push_tensor(L, x.to(dtype_from_name(check_string(L, 2))));
  }
  const Options options(L, 2, {"dtype", "device"});
  const std::string dtype = options.text("dtype", name_of_dtype(x.scalar_type()));
  const std::string device = options.text("device", x.device().str());
  return push_tensor(L, x.to(device_or_meta_from_name(device), dtype_from_name(dtype)));
}

int dtype(lua_State* L) {
  push_string(L, name_of_dtype(check_tensor(L, 1).scalar_type()));
  return 1;
}

int device(lua_State* L) {
  push_string(L, check_tensor(L, 1).device().str());
  return 1;
}

}  // namespace

const luaL_Reg tensor_shape_methods[] = {{"size", guarded<size>},
                                         {"dim", guarded<dim>},
                                         {"numel", guarded<numel>},
                                         {"reshape", guarded<reshape>},
                                         {"expand", guarded<expand>},
                                         {"permute", guarded<permute>},
                                         {"transpose", guarded<transpose>},
                                         {"squeeze", guarded<squeeze>},
                                         {"unsqueeze", guarded<unsqueeze>},
                                         {"flip", guarded<flip>},
                                         {"contiguous", guarded<contiguous>},
                                         {"clone", guarded<clone>},
                                         {"to", guarded<to>},
                                         {"dtype", guarded<dtype>},
                                         {"device", guarded<device>},
                                         {nullptr, nullptr}};

}  // namespace lorarun::bind
