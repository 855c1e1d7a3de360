// The class Tensor and the module lorarun.tensor.

#include <cmath>

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/bind/tensor_wrap.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::bind {

at::TensorOptions tensor_options(const Options& options, at::ScalarType absent) {
  const std::string dtype = options.text("dtype", name_of_dtype(absent));
  return at::dtype(dtype_from_name(dtype))
      .device(device_or_meta_from_name(options.text("device", "cpu")));
}

namespace {

const std::vector<std::string> kMakeOptions = {"dtype", "device"};

// zeros({2, 3} [, {dtype, device}])
int zeros(lua_State* L) {
  return push_tensor(L,
                     at::zeros(check_integers(L, 1), tensor_options(Options(L, 2, kMakeOptions))));
}

int ones(lua_State* L) {
  return push_tensor(L,
                     at::ones(check_integers(L, 1), tensor_options(Options(L, 2, kMakeOptions))));
}

int full(lua_State* L) {
  return push_tensor(L, at::full(check_integers(L, 1), luaL_checknumber(L, 2),
                                 tensor_options(Options(L, 3, kMakeOptions))));
}

int eye(lua_State* L) {
  return push_tensor(L, at::eye(static_cast<int64_t>(luaL_checknumber(L, 1)),
                                tensor_options(Options(L, 2, kMakeOptions))));
}

// arange(first, last [, step]): both ends inside, as Lua counts
int arange(lua_State* L) {
  const double first = luaL_checknumber(L, 1), last = luaL_checknumber(L, 2);
  const double step = luaL_optnumber(L, 3, 1.0);
  const auto count = static_cast<int64_t>(std::floor((last - first) / step + 1e-9)) + 1;
  if (step == 0.0 || count < 0) { throw Error("arange never reaches its end"); }
  return push_tensor(L, at::arange(count, at::kDouble).mul(step).add(first).to(at::kFloat));
}

int linspace(lua_State* L) {
  return push_tensor(L, at::linspace(luaL_checknumber(L, 1), luaL_checknumber(L, 2),
                                     static_cast<int64_t>(luaL_checknumber(L, 3)), at::kFloat));
}

void read_nested(lua_State* L, int table, std::vector<double>* numbers, std::vector<int64_t>* shape,
                 size_t depth) {
  const auto length = static_cast<int64_t>(lua_objlen(L, table));
  if (depth == shape->size()) { shape->push_back(length); }
  if (depth > 16 || (*shape)[depth] != length) {
    throw Error("the rows of the table differ in length");
  }
  luaL_checkstack(L, 4, "nested too deeply");
  for (int64_t i = 1; i <= length; ++i) {
    lua_rawgeti(L, table, static_cast<int>(i));
    if (lua_istable(L, -1)) {
      read_nested(L, lua_gettop(L), numbers, shape, depth + 1);
    } else if (depth + 1 != shape->size()) {
      throw Error("the table mixes numbers and rows");
    } else {
      numbers->push_back(luaL_checknumber(L, -1));
    }
    lua_pop(L, 1);
  }
}

// from({{1, 2}, {3, 4}} [, {dtype, device}])
int from(lua_State* L) {
  const Options options(L, 2, kMakeOptions);
  if (lua_type(L, 1) == LUA_TNUMBER) {
    return push_tensor(L, at::scalar_tensor(lua_tonumber(L, 1), tensor_options(options)));
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  std::vector<double> numbers;
  std::vector<int64_t> shape;
  read_nested(L, 1, &numbers, &shape, 0);
  const Tensor made = at::tensor(numbers, at::kDouble).reshape(shape);
  return push_tensor(L, made.to(tensor_options(options)));
}

// Keyed random numbers: a pure function of (seed, stream, step, sample).
using Draw = Tensor (*)(uint64_t, const std::string&, uint32_t, uint32_t, at::IntArrayRef,
                        at::Device);

template <Draw draw>
int keyed(lua_State* L) {
  const std::vector<int64_t> shape = check_integers(L, 1);
  const Options key(L, 2, {"seed", "stream", "step", "sample"});
  return push_tensor(
      L, draw(static_cast<uint64_t>(key.integer("seed", 0)), key.text("stream", "script"),
              static_cast<uint32_t>(key.integer("step", 0)),
              static_cast<uint32_t>(key.integer("sample", 0)), shape, at::kCPU));
}

std::vector<Tensor> check_tensors(lua_State* L, int argument) {
  luaL_checktype(L, argument, LUA_TTABLE);
  std::vector<Tensor> tensors;
  for (size_t i = 1; i <= lua_objlen(L, argument); ++i) {
    lua_rawgeti(L, argument, static_cast<int>(i));
    tensors.push_back(check_tensor(L, lua_gettop(L)));
    lua_pop(L, 1);
  }
  if (tensors.empty()) { throw Error("an empty list of tensors"); }
  return tensors;
}

// cat({a, b}, dim)
int cat(lua_State* L) {
  const auto tensors = check_tensors(L, 1);
  const int64_t dim = lua_isnoneornil(L, 2) ? 0 : to_dim(L, 2, tensors[0].dim());
  return push_tensor(L, at::cat(tensors, dim));
}

int stack(lua_State* L) {
  const auto tensors = check_tensors(L, 1);
  const int64_t dim = lua_isnoneornil(L, 2) ? 0 : to_dim(L, 2, tensors[0].dim() + 1);
  return push_tensor(L, at::stack(tensors, dim));
}

// load(path) -> {name = tensor, …}
int load(lua_State* L) {
  NamedTensors all = load_tensors(check_string(L, 1));
  for (auto& [name, tensor] : all) { tensor = tensor.clone(); }  // the mapping is read-only
  return push_named_tensors(L, all);
}

// metadata(path) -> {key = text, …}: the header of a safetensors file
int metadata(lua_State* L) {
  push_json(L, SafetensorsFile::open(check_string(L, 1))->metadata());
  return 1;
}

// save(path, {name = tensor, …} [, metadata])
int save(lua_State* L) {
  std::map<std::string, std::string> metadata;
  if (!lua_isnoneornil(L, 3)) {
    metadata = to_json(L, 3, "metadata").get<std::map<std::string, std::string>>();
  }
  save_tensors(check_string(L, 1), check_named_tensors(L, 2), metadata);
  return 0;
}

int to_string(lua_State* L) {
  push_string(L, print_tensor(check_tensor(L, 1)));
  return 1;
}

int length(lua_State* L) {
  const Tensor& x = check_tensor(L, 1);
  lua_pushnumber(L, x.dim() == 0 ? 1.0 : static_cast<double>(x.size(0)));
  return 1;
}

// lorarun.memory() -> {tensors, bytes, peak_bytes, process_bytes, process_peak_bytes}
int memory(lua_State* L) {
  const TensorMemory& now = tensor_memory();
  push_json(L, {{"tensors", now.tensors},
                {"bytes", now.bytes},
                {"peak_bytes", now.peak_bytes},
                {"process_bytes", process_bytes()},
                {"process_peak_bytes", peak_process_bytes()}});
  return 1;
}

// lorarun.cuda_devices() -> number of devices that can be used
int cuda_devices(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(cuda_device_count()));
  return 1;
}

const luaL_Reg memory_functions[] = {{"cuda_devices", guarded<cuda_devices>},
                                     {"memory", guarded<memory>},
                                     {"scope", guarded<scope>},
                                     {"keep", guarded<keep>},
                                     {nullptr, nullptr}};

}  // namespace

const luaL_Reg tensor_constructors[] = {{"zeros", guarded<zeros>},
                                        {"ones", guarded<ones>},
                                        {"full", guarded<full>},
                                        {"eye", guarded<eye>},
                                        {"arange", guarded<arange>},
                                        {"linspace", guarded<linspace>},
                                        {"from", guarded<from>},
                                        {"normal", guarded<keyed<keyed_normal>>},
                                        {"uniform", guarded<keyed<keyed_uniform>>},
                                        {"cat", guarded<cat>},
                                        {"stack", guarded<stack>},
                                        {"load", guarded<load>},
                                        {"save", guarded<save>},
                                        {"metadata", guarded<metadata>},
                                        {nullptr, nullptr}};

void open_tensor(lua_State* L) {  // [lorarun]
  open_class(L, "Tensor", tensor_math_methods, free_tensor);
  luaL_getmetatable(L, "Tensor");  // [lorarun, meta]
  lua_getfield(L, -1, "__index");  // [lorarun, meta, methods]
  for (const luaL_Reg* part :
       {tensor_reduce_methods, tensor_shape_methods, tensor_index_methods, tensor_grad_methods}) {
    luaL_register(L, nullptr, part);
  }
  lua_pushcclosure(L, guarded<tensor_index>, 1);
  lua_setfield(L, -2, "__index");  // [lorarun, meta]
  lua_pushcfunction(L, guarded<tensor_new_index>);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, guarded<to_string>);
  lua_setfield(L, -2, "__tostring");
  lua_pushcfunction(L, guarded<length>);
  lua_setfield(L, -2, "__len");
  luaL_register(L, nullptr, tensor_operators);
  lua_pop(L, 1);
  add_module(L, "tensor", tensor_constructors);
  luaL_register(L, nullptr, tensor_grad_functions);
  luaL_register(L, nullptr, memory_functions);
}

}  // namespace lorarun::bind
