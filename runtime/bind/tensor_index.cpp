// Indexing and slicing, from 1.
//
//   x[2]            the second row              x[-1]        the last
//   x[{1, {2, 4}}]  row 1, columns 2 to 4       x[{{}, 3}]   all rows, column 3
//   x[mask]         where a bool tensor is true x[rows]      by an int tensor
//
// The same forms take values: x[{1, {2, 4}}] = 0.

#include "runtime/bind/tensor_wrap.h"

namespace lorarun::bind {

namespace {

double number_at(lua_State* L, int table, int i) {
  lua_rawgeti(L, table, i);
  const double value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return value;
}

// Applies one part of x[{…}] to dimension `dim`; gives the next dimension to look at.
int64_t apply_part(lua_State* L, int part, Tensor* x, int64_t dim) {
  if (dim >= x->dim()) { throw Error("more indices than the tensor has dimensions"); }
  if (lua_type(L, part) == LUA_TNUMBER) {
    *x = x->select(dim, to_index(lua_tonumber(L, part), x->size(dim)));
    return dim;
  }
  luaL_checktype(L, part, LUA_TTABLE);
  if (lua_objlen(L, part) == 0) { return dim + 1; }
  const int64_t first = to_index(number_at(L, part, 1), x->size(dim));
  const int64_t last = to_index(number_at(L, part, 2), x->size(dim));
  if (last < first) { throw Error("a slice that ends before it starts"); }
  *x = x->narrow(dim, first, last - first + 1);
  return dim + 1;
}

Tensor view_by_table(lua_State* L, int table, Tensor x) {
  int64_t dim = 0;
  for (size_t i = 1; i <= lua_objlen(L, table); ++i) {
    lua_rawgeti(L, table, static_cast<int>(i));  // [part]
    dim = apply_part(L, lua_gettop(L), &x, dim);
    lua_pop(L, 1);
  }
  return x;
}

// The view that a number or a table names.
Tensor view_of(lua_State* L, const Tensor& x) {
  if (lua_type(L, 2) == LUA_TTABLE) { return view_by_table(L, 2, x); }
  if (x.dim() == 0) { throw Error("a tensor of one number has no index").fix("use x:item()"); }
  return x.select(0, to_index(luaL_checknumber(L, 2), x.size(0)));
}

Tensor zero_based(const Tensor& index) {
  return index.scalar_type() == at::kBool ? index : to_index_tensor(index);
}

int select(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const int64_t dim = to_dim(L, 2, x.dim());
  return push_tensor(L, x.select(dim, to_index(luaL_checknumber(L, 3), x.size(dim))));
}

// x:narrow(dim, first, length)
int narrow(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const int64_t dim = to_dim(L, 2, x.dim());
  const int64_t first = to_index(luaL_checknumber(L, 3), x.size(dim));
  return push_tensor(L, x.narrow(dim, first, static_cast<int64_t>(luaL_checknumber(L, 4))));
}

// x:slice(dim, first, last), both inside
int slice(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const int64_t dim = to_dim(L, 2, x.dim());
  const int64_t first = to_index(luaL_checknumber(L, 3), x.size(dim));
  const int64_t last = to_index(luaL_checknumber(L, 4), x.size(dim));
  return push_tensor(L, x.narrow(dim, first, last - first + 1));
}

int index_select(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, x.index_select(to_dim(L, 2, x.dim()), to_index_tensor(check_tensor(L, 3))));
}

int gather(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, x.gather(to_dim(L, 2, x.dim()), to_index_tensor(check_tensor(L, 3))));
}

// x:chunk(n, dim) -> n tensors
int chunk(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const auto parts = x.chunk(static_cast<int64_t>(luaL_checknumber(L, 2)), to_dim(L, 3, x.dim()));
  luaL_checkstack(L, static_cast<int>(parts.size()), "too many chunks");
  for (const Tensor& part : parts) { push_tensor(L, part); }
  return static_cast<int>(parts.size());
}

int item(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  if (x.numel() != 1) {
    throw Error("item() of a tensor with " + std::to_string(x.numel()) + " numbers")
        .fix("reduce it first, or use to_table()");
  }
  lua_pushnumber(L, x.item<double>());
  return 1;
}

void push_nested(lua_State* L, const Tensor& x) {
  if (x.dim() == 0) {
    lua_pushnumber(L, x.item<double>());
    return;
  }
  luaL_checkstack(L, 4, "too many dimensions");
  lua_createtable(L, static_cast<int>(x.size(0)), 0);
  for (int64_t i = 0; i < x.size(0); ++i) {
    push_nested(L, x[i]);
    lua_rawseti(L, -2, static_cast<int>(i + 1));
  }
}

int to_table(lua_State* L) {
  push_nested(L, check_tensor(L, 1).detach().to(at::kCPU, at::kDouble));
  return 1;
}

}  // namespace

int tensor_index(lua_State* L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));  // a method
    if (lua_isnil(L, -1)) {
      throw Error(std::string("a tensor has no method '") + lua_tostring(L, 2) + "'");
    }
    return 1;
  }
  const Tensor& x = check_tensor(L, 1);
  if (is_tensor(L, 2)) { return push_tensor(L, x.index({zero_based(check_tensor(L, 2))})); }
  return push_tensor(L, view_of(L, x));
}

int tensor_new_index(lua_State* L) {
  Tensor x = check_tensor(L, 1);
  const Tensor value = check_operand(L, 3).to(x.scalar_type());
  if (is_tensor(L, 2)) {
    x.index_put_({zero_based(check_tensor(L, 2))}, value.to(x.device()));
  } else {
    view_of(L, x).copy_(value);
  }
  return 0;
}

const luaL_Reg tensor_index_methods[] = {
    {"select", guarded<select>}, {"narrow", guarded<narrow>},
    {"slice", guarded<slice>},   {"index_select", guarded<index_select>},
    {"gather", guarded<gather>}, {"chunk", guarded<chunk>},
    {"item", guarded<item>},     {"to_table", guarded<to_table>},
    {nullptr, nullptr}};

}  // namespace lorarun::bind
