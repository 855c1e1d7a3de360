#include "runtime/bind/box.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/script/call.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

constexpr const char* kTensor = "Tensor";

struct Box {
  Tensor tensor;
  int scope = 0;  // depth at which it was made; 0 = outside of all
};

// Everything that is alive in Lua.  One Lua thread owns it.
struct Books {
  TensorMemory memory;
  std::unordered_map<const void*, int> users;    // storage -> boxes that hold it
  std::vector<std::unordered_set<Box*>> scopes;  // [0] = the outermost scope
  bool collecting = false;
};

Books& books() {
  static Books all;
  return all;
}

const void* storage_of(const Tensor& tensor) {
  return tensor.has_storage() ? tensor.storage().unsafeGetStorageImpl() : nullptr;
}

int64_t bytes_of(const Tensor& tensor) {
  return tensor.has_storage() ? static_cast<int64_t>(tensor.storage().nbytes()) : 0;
}

void book_in(const Tensor& tensor) {
  TensorMemory& memory = books().memory;
  ++memory.tensors;
  if (++books().users[storage_of(tensor)] == 1) { memory.bytes += bytes_of(tensor); }
  memory.peak_bytes = std::max(memory.peak_bytes, memory.bytes);
}

void book_out(const Tensor& tensor) {
  TensorMemory& memory = books().memory;
  --memory.tensors;
  const auto at = books().users.find(storage_of(tensor));
  if (--at->second > 0) { return; }
  books().users.erase(at);
  memory.bytes -= bytes_of(tensor);
}

void leave_scope(Box* box) {
  if (box->scope > 0) { books().scopes[static_cast<size_t>(box->scope) - 1].erase(box); }
  box->scope = 0;
}

void release(Box* box) noexcept {
  if (!box->tensor.defined()) { return; }
  leave_scope(box);
  book_out(box->tensor);
  box->tensor.reset();
}

void move_to_scope(Box* box, int depth) {
  leave_scope(box);
  box->scope = depth;
  if (depth > 0) { books().scopes[static_cast<size_t>(depth) - 1].insert(box); }
}

// The collector knows nothing of tensor bytes: when they pass the soft maximum it is run in full,
// and the maximum grows if most of them turn out to be in use.
void collect_if_needed(lua_State* L) {
  Books& all = books();
  if (all.collecting || all.memory.bytes <= all.memory.soft_max_bytes) { return; }
  all.collecting = true;
  lua_gc(L, LUA_GCCOLLECT, 0);
  lua_gc(L, LUA_GCCOLLECT, 0);  // finalizers of the first round are done now
  all.collecting = false;
  if (all.memory.bytes > all.memory.soft_max_bytes * 8 / 10) {
    all.memory.soft_max_bytes = all.memory.soft_max_bytes * 14 / 10;
  }
}

Box* to_box(lua_State* L, int index) {
  if (!is_tensor(L, index)) { return nullptr; }
  return static_cast<Box*>(lua_touserdata(L, index));
}

// Moves the tensors at `index` (one, or a table of them) to scope `depth`.
void keep_value(lua_State* L, int index, int depth, int level) {
  if (Box* box = to_box(L, index)) {
    if (box->scope > depth) { move_to_scope(box, depth); }
    return;
  }
  if (!lua_istable(L, index) || level > 16) { return; }
  luaL_checkstack(L, 4, "nested too deeply");
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {  // [key, value]
    keep_value(L, lua_gettop(L), depth, level + 1);
    lua_pop(L, 1);
  }
}

void close_scope() {
  auto& scopes = books().scopes;
  const std::vector<Box*> made(scopes.back().begin(), scopes.back().end());
  for (Box* box : made) { release(box); }
  scopes.pop_back();
}

}  // namespace

void fail_freed(const char* class_name) {
  throw Error(std::string("this ") + class_name + " was freed")
      .fix("use it before :free(), or return it from lorarun.scope to keep it");
}

void open_class(lua_State* L, const char* name, const luaL_Reg* methods, lua_CFunction collect) {
  luaL_newmetatable(L, name);  // [meta]
  lua_newtable(L);             // [meta, methods]
  luaL_register(L, nullptr, methods);
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "free");
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, (std::string("lorarun.methods.") + name).c_str());
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, collect);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void add_module(lua_State* L, const char* name, const luaL_Reg* functions) {
  lua_getfield(L, -1, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  luaL_register(L, nullptr, functions);
  lua_setfield(L, -2, name);
}

bool is_tensor(lua_State* L, int argument) {
  if (lua_type(L, argument) != LUA_TUSERDATA || !lua_getmetatable(L, argument)) { return false; }
  luaL_getmetatable(L, kTensor);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

const Tensor& check_tensor(lua_State* L, int argument) {
  const Box* box = static_cast<Box*>(luaL_checkudata(L, argument, kTensor));
  if (!box->tensor.defined()) { fail_freed(kTensor); }
  return box->tensor;
}

int push_tensor(lua_State* L, Tensor tensor) {
  if (!tensor.defined()) {
    lua_pushnil(L);
    return 1;
  }
  Box* box = new (lua_newuserdata(L, sizeof(Box))) Box{};
  luaL_getmetatable(L, kTensor);
  lua_setmetatable(L, -2);
  book_in(tensor);
  box->tensor = std::move(tensor);
  move_to_scope(box, static_cast<int>(books().scopes.size()));
  collect_if_needed(L);
  return 1;
}

int free_tensor(lua_State* L) {
  release(static_cast<Box*>(luaL_checkudata(L, 1, kTensor)));
  return 0;
}

TensorMemory& tensor_memory() {
  return books().memory;
}

int scope(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  const int depth = static_cast<int>(books().scopes.size());
  books().scopes.emplace_back();
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);  // [results] or [error]
  for (int i = 1; i <= lua_gettop(L); ++i) { keep_value(L, i, depth, 0); }
  close_scope();
  return status == 0 ? lua_gettop(L) : lua_error(L);
}

int keep(lua_State* L) {
  const int depth = static_cast<int>(books().scopes.size());
  for (int i = 1; i <= lua_gettop(L); ++i) { keep_value(L, i, std::max(depth - 1, 0), 0); }
  return lua_gettop(L);
}

Tensor check_operand(lua_State* L, int argument) {
  if (lua_type(L, argument) != LUA_TNUMBER) { return check_tensor(L, argument); }
  const double value = lua_tonumber(L, argument);
  const auto whole = static_cast<int64_t>(value);
  const bool is_whole = std::abs(value) < 9e15 && static_cast<double>(whole) == value;
  Tensor number = at::scalar_tensor(is_whole ? at::Scalar(whole) : at::Scalar(value),
                                    at::dtype(is_whole ? at::kLong : at::kDouble));
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  return number;
}

int64_t shift_dim(int64_t dim, int64_t dims) {
  if (dim == 0) { throw Error("dimension 0: dimensions count from 1, or from -1 backwards"); }
  if (dim > dims || dim < -dims) {
    throw Error("dimension " + std::to_string(dim) + " of a tensor with " + std::to_string(dims))
        .fix("use 1 to " + std::to_string(dims) + ", or -1 backwards");
  }
  return dim > 0 ? dim - 1 : dim;
}

int64_t to_dim(lua_State* L, int argument, int64_t dims) {
  return shift_dim(static_cast<int64_t>(luaL_checknumber(L, argument)), dims);
}

namespace {

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.14g", number);
  return text;
}

}  // namespace

int64_t to_index(double index, int64_t size) {
  const auto whole = static_cast<int64_t>(index);
  if (whole == 0 || whole > size || whole < -size || static_cast<double>(whole) != index) {
    throw Error("index " + number_text(index) + " of " + std::to_string(size))
        .fix("indices count from 1 to " + std::to_string(size) + ", or from -1 backwards");
  }
  return whole > 0 ? whole - 1 : size + whole;
}

Tensor to_index_tensor(const Tensor& one_based) {
  return one_based.to(at::kLong).sub(one_based.gt(0).to(at::kLong));
}

Tensor from_index_tensor(const Tensor& zero_based) {
  return zero_based.add(1);
}

std::vector<int64_t> check_dims(lua_State* L, int argument, int64_t dims) {
  if (lua_isnoneornil(L, argument)) { return {}; }
  if (lua_isnumber(L, argument)) { return {to_dim(L, argument, dims)}; }
  std::vector<int64_t> all = check_integers(L, argument);
  for (int64_t& dim : all) { dim = shift_dim(dim, dims); }
  return all;
}

std::vector<int64_t> check_shape(lua_State* L, int first) {
  if (lua_istable(L, first)) { return check_integers(L, first); }
  std::vector<int64_t> shape;
  for (int i = first; i <= lua_gettop(L); ++i) {
    shape.push_back(static_cast<int64_t>(luaL_checknumber(L, i)));
  }
  return shape;
}

}  // namespace lorarun::bind
