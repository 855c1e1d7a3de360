// The tensor class, in parts: each file of tensor_*.cpp gives one list of
// methods; tensor.cpp joins them into the class and the module lorarun.tensor.

#pragma once

#include <string>

#include "runtime/bind/box.h"
#include "runtime/script/guard.h"
#include "runtime/script/lua.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

extern const luaL_Reg tensor_constructors[];    // lorarun.tensor.zeros, …
extern const luaL_Reg tensor_math_methods[];    // arithmetic, comparison, elementwise, matmul
extern const luaL_Reg tensor_reduce_methods[];  // sum, mean, max, …
extern const luaL_Reg tensor_shape_methods[];   // reshape, permute, cat, …
extern const luaL_Reg tensor_index_methods[];   // select, slice, gather, …
extern const luaL_Reg tensor_grad_methods[];    // backward, grad, detach
extern const luaL_Reg tensor_grad_functions[];  // lorarun.grad, lorarun.no_grad
extern const luaL_Reg tensor_operators[];       // __add, __sub, …

int tensor_index(lua_State* L);      // x[i], x[{1, {2, 4}}], x[mask]
int tensor_new_index(lua_State* L);  // x[i] = v

// {dtype = "float32", device = "cpu"} of an options table.
at::TensorOptions tensor_options(const Options& options, at::ScalarType absent = at::kFloat);

// What print(x) shows: rows of numbers, then "Tensor [2, 3] float32 cpu".
std::string print_tensor(const Tensor& tensor);

}  // namespace lorarun::bind
