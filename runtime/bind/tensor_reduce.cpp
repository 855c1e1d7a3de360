// Reductions: over everything, x:sum(); over one dimension, x:sum(2); over
// several, x:sum({1, 3}); with keep = true the dimensions stay with size 1.

#include "runtime/bind/tensor_wrap.h"

namespace lorarun::bind {

namespace {

bool keep_dims(lua_State* L) {
  return lua_toboolean(L, 3) != 0;
}

// The dims of argument 2; an absent one means all, which ATen writes as none.
at::OptionalIntArrayRef dims_or_all(const std::vector<int64_t>& dims) {
  if (dims.empty()) { return std::nullopt; }
  return at::IntArrayRef(dims);
}

int sum(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const auto dims = check_dims(L, 2, x.dim());
  return push_tensor(L, at::sum(x, dims_or_all(dims), keep_dims(L)));
}

int mean(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const auto dims = check_dims(L, 2, x.dim());
  return push_tensor(L, at::mean(x, dims_or_all(dims), keep_dims(L)));
}

// The unbiased standard deviation (divisor n - 1).
int standard_deviation(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const auto dims = check_dims(L, 2, x.dim());
  return push_tensor(L, at::std(x, dims_or_all(dims), at::Scalar(1), keep_dims(L)));
}

// The Euclidean norm.
int norm(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const auto dims = check_dims(L, 2, x.dim());
  return push_tensor(L, at::linalg_vector_norm(x, 2, dims_or_all(dims), keep_dims(L)));
}

// Pushes values and their 1-based places.
int push_pair(lua_State* L, const std::tuple<Tensor, Tensor>& pair) {
  push_tensor(L, std::get<0>(pair));
  push_tensor(L, from_index_tensor(std::get<1>(pair)));
  return 2;
}

int max(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.max()); }
  return push_pair(L, x.max(to_dim(L, 2, x.dim()), keep_dims(L)));
}

int min(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.min()); }
  return push_pair(L, x.min(to_dim(L, 2, x.dim()), keep_dims(L)));
}

int argmax(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, from_index_tensor(x.argmax())); }
  return push_tensor(L, from_index_tensor(x.argmax(to_dim(L, 2, x.dim()), keep_dims(L))));
}

int argsort(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const int64_t dim = lua_isnoneornil(L, 2) ? -1 : to_dim(L, 2, x.dim());
  return push_tensor(L, from_index_tensor(at::argsort(x, /*stable=*/true, dim, false)));
}

int any(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.any()); }
  return push_tensor(L, x.any(to_dim(L, 2, x.dim()), keep_dims(L)));
}

int all(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (lua_isnoneornil(L, 2)) { return push_tensor(L, x.all()); }
  return push_tensor(L, x.all(to_dim(L, 2, x.dim()), keep_dims(L)));
}

int cumsum(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, x.cumsum(to_dim(L, 2, x.dim())));
}

}  // namespace

const luaL_Reg tensor_reduce_methods[] = {{"sum", guarded<sum>},
                                          {"mean", guarded<mean>},
                                          {"std", guarded<standard_deviation>},
                                          {"norm", guarded<norm>},
                                          {"max", guarded<max>},
                                          {"min", guarded<min>},
                                          {"argmax", guarded<argmax>},
                                          {"argsort", guarded<argsort>},
                                          {"any", guarded<any>},
                                          {"all", guarded<all>},
                                          {"cumsum", guarded<cumsum>},
                                          {nullptr, nullptr}};

}  // namespace lorarun::bind
