// C++ objects in Lua.
//
//   handles   a shared_ptr in a userdata: model, network, trainer, …
//   tensors   a Tensor in a userdata, with its bytes accounted: Lua's collector
//             sees 16 bytes where 16 MiB hang, so it must be told.
//
// Tensor memory goes back by x:free(), at the end of lorarun.scope(), or by the
// collector, which runs in full when live bytes pass a soft maximum.
// Bytes are counted once per storage, however many views share it.
//
// Indices and dimensions count from 1 in Lua; negative ones count from the end
// in both worlds.  to_dim() and to_index() are the only places of that shift.

#pragma once

#include <memory>
#include <string>

#include "runtime/base/error.h"
#include "runtime/bind/open.h"
#include "runtime/script/lua.h"
#include "runtime/tensor/torch.h"

namespace lorarun::bind {

// ---- handles ----

// Each class says its name once: template <> inline constexpr const char* kClass<T> = "Trainer";
template <typename T>
inline constexpr const char* kClass = nullptr;

template <typename T>
struct Handle {
  std::shared_ptr<T> object;
};

[[noreturn]] void fail_freed(const char* class_name);

// Gives the handle at `argument`, freed or not.  Raises a Lua error for another type.
template <typename T>
Handle<T>& check_handle(lua_State* L, int argument) {
  return *static_cast<Handle<T>*>(luaL_checkudata(L, argument, kClass<T>));
}

template <typename T>
std::shared_ptr<T> check_shared(lua_State* L, int argument) {
  auto& handle = check_handle<T>(L, argument);
  if (!handle.object) { fail_freed(kClass<T>); }
  return handle.object;
}

// Gives the object at `argument`.  Borrowed: never stored past the call.
template <typename T>
T& check(lua_State* L, int argument) {
  return *check_shared<T>(L, argument);
}

template <typename T>
int push_handle(lua_State* L, std::shared_ptr<T> object) {
  auto* place = static_cast<Handle<T>*>(lua_newuserdata(L, sizeof(Handle<T>)));
  new (place) Handle<T>{std::move(object)};
  luaL_getmetatable(L, kClass<T>);
  lua_setmetatable(L, -2);
  return 1;
}

// x:free(), and the collector: drops the object; a second time does nothing.
template <typename T>
int free_handle(lua_State* L) {
  check_handle<T>(L, 1).object.reset();
  return 0;
}

// Makes the metatable of a class: methods, __gc, __tostring ("Trainer").
void open_class(lua_State* L, const char* name, const luaL_Reg* methods, lua_CFunction collect);

template <typename T>
void open_class(lua_State* L, const luaL_Reg* methods) {
  open_class(L, kClass<T>, methods, free_handle<T>);
}

// Adds a table of functions, lorarun.<name>, to the table on top of the stack.
void add_module(lua_State* L, const char* name, const luaL_Reg* functions);

// ---- tensors ----

const Tensor& check_tensor(lua_State* L, int argument);
bool is_tensor(lua_State* L, int argument);
int push_tensor(lua_State* L, Tensor tensor);  // undefined becomes nil
int free_tensor(lua_State* L);

struct TensorMemory {
  int64_t tensors = 0, bytes = 0, peak_bytes = 0;
  int64_t soft_max_bytes = int64_t{512} << 20;  // a full collection runs above it
};
TensorMemory& tensor_memory();

// lorarun.scope(function() … end): frees the tensors made inside, except those
// returned (also inside returned tables) and those given to lorarun.keep().
int scope(lua_State* L);
int keep(lua_State* L);

// A tensor or a number; a number takes part in arithmetic without changing the other's dtype.
Tensor check_operand(lua_State* L, int argument);

// ---- the shift ----

int64_t to_dim(lua_State* L, int argument, int64_t dims);  // 1 … dims, or -1 … -dims
int64_t shift_dim(int64_t dim, int64_t dims);              // the same for a number at hand
int64_t to_index(double index, int64_t size);              // 1 … size, or -1 … -size
Tensor to_index_tensor(const Tensor& one_based);           // int64 indices from 1
Tensor from_index_tensor(const Tensor& zero_based);
std::vector<int64_t> check_dims(lua_State* L, int argument,
                                int64_t dims);              // a number, a list, or none
std::vector<int64_t> check_shape(lua_State* L, int first);  // (2, 3) or ({2, 3})

}  // namespace lorarun::bind
