// The class Network: adapters in the layers of a model.

#include "runtime/networks/network.h"

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

namespace {

// network.new(model, {kind, targets, exclude, options, seed, device, components}) -> Network
int make(lua_State* L) {
  models::Model& model = check<models::Model>(L, 1);
  const Options options(L, 2,
                        {"kind", "targets", "exclude", "options", "seed", "device", "components"});
  networks::NetworkOptions network;
  network.kind = options.text("kind", "lora");
  network.targets = options.texts("targets");
  network.exclude = options.texts("exclude");
  network.options = options.json("options", Json::object());
  std::vector<std::string> components = options.texts("components");
  if (components.empty()) { components = {"transformer"}; }
  std::vector<nn::AdaptableLayer> layers;
  for (const std::string& component : components) {
    for (const auto& layer : model.layers(component)) { layers.push_back(layer); }
  }
  return push_handle(L, std::make_shared<networks::Network>(
                            network, layers, static_cast<uint64_t>(options.integer("seed", 0)),
                            at::Device(options.text("device", "cpu"))));
}

// network:parameters() -> {["transformer/<target>.down"] = tensor}: the leaves that train
int parameters(lua_State* L) {
  std::map<std::string, Tensor> all;
  for (const auto& parameter : check<networks::Network>(L, 1).parameters()) {
    all.emplace(parameter.name, parameter.tensor);
  }
  return push_named_tensors(L, all);
}

// network:count() -> numbers that train
int count(lua_State* L) {
  int64_t numbers = 0;
  for (const auto& parameter : check<networks::Network>(L, 1).parameters()) {
    numbers += parameter.tensor.numel();
  }
  lua_pushnumber(L, static_cast<double>(numbers));
  return 1;
}

// network:targets() -> list of adapted layers
int targets(lua_State* L) {
  std::vector<std::string> names;
  for (const auto& entry : check<networks::Network>(L, 1).entries()) {
    names.push_back(entry.target);
  }
  push_strings(L, names);
  return 1;
}

const networks::Entry& find_entry(const networks::Network& network, const std::string& target) {
  std::vector<std::string> names;
  for (const auto& entry : network.entries()) {
    if (entry.target == target) { return entry; }
    names.push_back(entry.target);
  }
  throw Error("the network has no module '" + target + "'").fix(target, names, "modules");
}

// network:delta_weight(target) -> [out, in]
int delta_weight(lua_State* L) {
  const at::NoGradGuard guard;
  const networks::Network& network = check<networks::Network>(L, 1);
  return push_tensor(L, find_entry(network, check_string(L, 2)).module->delta_weight());
}

// network:set_strength(x): factor on every module's change; 0 is the base model
int set_strength(lua_State* L) {
  const double strength = luaL_checknumber(L, 2);
  for (const auto& entry : check<networks::Network>(L, 1).entries()) {
    entry.module->strength = strength;
  }
  return 0;
}

const luaL_Reg functions[] = {{"new", guarded<make>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {
    {"parameters", guarded<parameters>},     {"count", guarded<count>},
    {"targets", guarded<targets>},           {"delta_weight", guarded<delta_weight>},
    {"set_strength", guarded<set_strength>}, {nullptr, nullptr}};

}  // namespace

void open_network(lua_State* L) {
  open_class<networks::Network>(L, methods);
  add_module(L, "network", functions);
}

}  // namespace lorarun::bind
