// Arithmetic, comparison and elementwise functions of tensors.
//
// x:add(y) and x + y give new tensors, x:add_(y) changes x in place; y may be a
// number.  Types are promoted as in PyTorch.

#include "runtime/bind/tensor_wrap.h"

namespace lorarun::bind {

namespace {

template <Tensor (*op)(const Tensor&)>
int unary(lua_State* L) {
  return push_tensor(L, op(check_tensor(L, 1)));
}

template <auto op>
int binary(lua_State* L) {
  return push_tensor(L, op(check_operand(L, 1), check_operand(L, 2)));
}

// Changes the first argument and gives it back.
template <auto op>
int in_place(lua_State* L) {
  op(check_tensor(L, 1), check_operand(L, 2));
  lua_settop(L, 1);
  return 1;
}

constexpr auto add = [](const Tensor& a, const Tensor& b) { return at::add(a, b); };
constexpr auto sub = [](const Tensor& a, const Tensor& b) { return at::sub(a, b); };
constexpr auto mul = [](const Tensor& a, const Tensor& b) { return at::mul(a, b); };
constexpr auto div = [](const Tensor& a, const Tensor& b) { return at::div(a, b); };
constexpr auto mod = [](const Tensor& a, const Tensor& b) { return at::remainder(a, b); };
constexpr auto pow = [](const Tensor& a, const Tensor& b) { return at::pow(a, b); };
constexpr auto minimum = [](const Tensor& a, const Tensor& b) {
  return at::minimum(a, b.to(a.scalar_type()));
};
constexpr auto maximum = [](const Tensor& a, const Tensor& b) {
  return at::maximum(a, b.to(a.scalar_type()));
};
constexpr auto eq = [](const Tensor& a, const Tensor& b) { return at::eq(a, b); };
constexpr auto ne = [](const Tensor& a, const Tensor& b) { return at::ne(a, b); };
constexpr auto lt = [](const Tensor& a, const Tensor& b) { return at::lt(a, b); };
constexpr auto le = [](const Tensor& a, const Tensor& b) { return at::le(a, b); };
constexpr auto gt = [](const Tensor& a, const Tensor& b) { return at::gt(a, b); };
constexpr auto ge = [](const Tensor& a, const Tensor& b) { return at::ge(a, b); };
constexpr auto matmul = [](const Tensor& a, const Tensor& b) { return at::matmul(a, b); };

constexpr auto add_ = [](Tensor a, const Tensor& b) { a.add_(b); };
constexpr auto sub_ = [](Tensor a, const Tensor& b) { a.sub_(b); };
constexpr auto mul_ = [](Tensor a, const Tensor& b) { a.mul_(b); };
constexpr auto div_ = [](Tensor a, const Tensor& b) { a.div_(b); };
constexpr auto copy_ = [](Tensor a, const Tensor& b) { a.copy_(b); };

int unary_minus(lua_State* L) {
  return push_tensor(L, check_tensor(L, 1).neg());
}

int gelu(lua_State* L) {
  const Options options(L, 2, {"approximate"});
  return push_tensor(L, at::gelu(check_tensor(L, 1), options.text("approximate", "none")));
}

int clamp(lua_State* L) {
  std::optional<at::Scalar> low, high;
  if (!lua_isnoneornil(L, 2)) { low = luaL_checknumber(L, 2); }
  if (!lua_isnoneornil(L, 3)) { high = luaL_checknumber(L, 3); }
  return push_tensor(L, at::clamp(check_tensor(L, 1), low, high));
}

// mask:where(yes, no)
int where(lua_State* L) {
  return push_tensor(
      L, at::where(check_tensor(L, 1).to(at::kBool), check_operand(L, 2), check_operand(L, 3)));
}

int softmax(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  return push_tensor(L, at::softmax(x, to_dim(L, 2, x.dim())));
}

// x:layer_norm([eps [, weight, bias]]) over the last dimension.
int layer_norm(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const double eps = luaL_optnumber(L, 2, 1e-5);
  const Tensor weight = lua_isnoneornil(L, 3) ? Tensor() : check_tensor(L, 3);
  const Tensor bias = lua_isnoneornil(L, 4) ? Tensor() : check_tensor(L, 4);
  return push_tensor(L, at::layer_norm(x, {x.size(-1)}, weight, bias, eps));
}

// x:conv2d(weight, {bias, stride, padding, groups})   x [B, C, H, W], weight [O, C/groups, kh, kw]
int conv2d(lua_State* L) {
  const Options options(L, 3, {"bias", "stride", "padding", "groups"});
  options.push("bias");  // [bias]
  const Tensor bias = lua_isnil(L, -1) ? Tensor() : check_tensor(L, lua_gettop(L));
  const int64_t stride = options.integer("stride", 1), padding = options.integer("padding", 0);
  return push_tensor(L, at::conv2d(check_tensor(L, 1), check_tensor(L, 2), bias, {stride, stride},
                                   {padding, padding}, {1, 1}, options.integer("groups", 1)));
}

// x:interpolate({H, W} [, {mode = "nearest"|"bilinear"|"bicubic"}])   x [B, C, h, w]
int interpolate(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  const std::vector<int64_t> size = check_integers(L, 2);
  const std::string mode = Options(L, 3, {"mode"}).text("mode", "nearest");
  if (mode == "nearest") { return push_tensor(L, at::upsample_nearest2d(x, size)); }
  if (mode == "bilinear") { return push_tensor(L, at::upsample_bilinear2d(x, size, false)); }
  if (mode == "bicubic") { return push_tensor(L, at::upsample_bicubic2d(x, size, false)); }
  throw Error("no interpolation named '" + mode + "'")
      .fix(mode, {"nearest", "bilinear", "bicubic"}, "modes");
}

int zero_(lua_State* L) {
  Tensor(check_tensor(L, 1)).zero_();
  lua_settop(L, 1);
  return 1;
}

// x:allclose(y [, {rtol, atol}]) -> boolean
int allclose(lua_State* L) {
  const Options options(L, 3, {"rtol", "atol"});
  lua_pushboolean(L, at::allclose(check_tensor(L, 1), check_tensor(L, 2),
                                  options.number("rtol", 1e-5), options.number("atol", 1e-8)));
  return 1;
}

int equal(lua_State* L) {
  lua_pushboolean(L, at::equal(check_tensor(L, 1), check_tensor(L, 2)));
  return 1;
}

}  // namespace

const luaL_Reg tensor_operators[] = {
    {"__add", guarded<binary<add>>}, {"__sub", guarded<binary<sub>>},
    {"__mul", guarded<binary<mul>>}, {"__div", guarded<binary<div>>},
    {"__mod", guarded<binary<mod>>}, {"__pow", guarded<binary<pow>>},
    {"__unm", guarded<unary_minus>}, {nullptr, nullptr}};

const luaL_Reg tensor_math_methods[] = {{"add", guarded<binary<add>>},
                                        {"sub", guarded<binary<sub>>},
                                        {"mul", guarded<binary<mul>>},
                                        {"div", guarded<binary<div>>},
                                        {"mod", guarded<binary<mod>>},
                                        {"pow", guarded<binary<pow>>},
                                        {"minimum", guarded<binary<minimum>>},
                                        {"maximum", guarded<binary<maximum>>},
                                        {"eq", guarded<binary<eq>>},
                                        {"ne", guarded<binary<ne>>},
                                        {"lt", guarded<binary<lt>>},
                                        {"le", guarded<binary<le>>},
                                        {"gt", guarded<binary<gt>>},
                                        {"ge", guarded<binary<ge>>},
                                        {"matmul", guarded<binary<matmul>>},
                                        {"add_", guarded<in_place<add_>>},
                                        {"sub_", guarded<in_place<sub_>>},
                                        {"mul_", guarded<in_place<mul_>>},
                                        {"div_", guarded<in_place<div_>>},
                                        {"copy_", guarded<in_place<copy_>>},
                                        {"zero_", guarded<zero_>},
                                        {"neg", guarded<unary_minus>},
                                        {"exp", guarded<unary<at::exp>>},
                                        {"log", guarded<unary<at::log>>},
                                        {"sqrt", guarded<unary<at::sqrt>>},
                                        {"sin", guarded<unary<at::sin>>},
                                        {"cos", guarded<unary<at::cos>>},
                                        {"abs", guarded<unary<at::abs>>},
                                        {"sigmoid", guarded<unary<at::sigmoid>>},
                                        {"relu", guarded<unary<at::relu>>},
                                        {"silu", guarded<unary<at::silu>>},
                                        {"tanh", guarded<unary<at::tanh>>},
                                        {"floor", guarded<unary<at::floor>>},
                                        {"ceil", guarded<unary<at::ceil>>},
                                        {"round", guarded<unary<at::round>>},
                                        {"isfinite", guarded<unary<at::isfinite>>},
                                        {"gelu", guarded<gelu>},
                                        {"clamp", guarded<clamp>},
                                        {"where", guarded<where>},
                                        {"softmax", guarded<softmax>},
                                        {"layer_norm", guarded<layer_norm>},
                                        {"conv2d", guarded<conv2d>},
                                        {"interpolate", guarded<interpolate>},
                                        {"allclose", guarded<allclose>},
                                        {"equal", guarded<equal>},
                                        {nullptr, nullptr}};

}  // namespace lorarun::bind
