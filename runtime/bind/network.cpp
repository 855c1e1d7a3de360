// The class Network: adapters in the layers of a model.

#include "runtime/networks/network.h"

#include <algorithm>

#include "runtime/bind/classes.h"
#include "runtime/bind/open.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"
#include "runtime/tensor/device.h"

namespace lorarun::bind {

namespace {

// Rank and alpha of text encoders; alpha keeps the network's scale when it is not given.
Json encoder_options(const Options& options, const Json& network) {
  Json own = Json::object();
  if (!options.has("text_encoder_rank") && !options.has("text_encoder_alpha")) { return own; }
  const double network_rank = network.value("rank", 16.0);
  const double rank = options.number("text_encoder_rank", network_rank);
  const double scale = network.value("alpha", network_rank) / network_rank;
  own["rank"] = rank;
  own["alpha"] = options.number("text_encoder_alpha", rank * scale);
  return own;
}

// The named encoders in the model's order, so that the order of a list changes nothing.
std::vector<std::string> encoders_of(const models::Model& model,
                                     const std::vector<std::string>& wanted) {
  const std::vector<std::string> known = model.text_encoders();
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw Error("the model has no text encoder named '" + name + "'")
          .where("network.text_encoders")
          .fix(name, known, "text encoders");
    }
  }
  std::vector<std::string> chosen;
  for (const std::string& name : known) {
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) { chosen.push_back(name); }
  }
  return chosen;
}

// The components stay loaded from here on: what trains is what the model computes with.
std::shared_ptr<networks::Network> whole_network(models::Model& model,
                                                 const networks::NetworkOptions& options,
                                                 const std::vector<std::string>& components,
                                                 uint64_t seed) {
  std::vector<networks::WholeComponent> all;
  for (const std::string& name : components) {
    model.keep(name);
    all.push_back({name, model.weights(name)});
  }
  return std::make_shared<networks::Network>(options, all, seed);
}

// network.new(model, {kind, targets, exclude, options, seed, device, components, text_encoders,
// text_encoder_targets, text_encoder_rank, text_encoder_alpha}) -> Network
int make(lua_State* L) {
  models::Model& model = check<models::Model>(L, 1);
  const Options options(
      L, 2,
      {"kind", "targets", "exclude", "options", "seed", "device", "components", "text_encoders",
       "text_encoder_targets", "text_encoder_rank", "text_encoder_alpha"});
  networks::NetworkOptions network;
  network.kind = options.text("kind", "lora");
  network.targets = options.texts("targets");
  network.exclude = options.texts("exclude");
  network.options = options.json("options", Json::object());
  std::vector<std::string> components = options.texts("components");
  if (components.empty()) { components = {"transformer"}; }
  network.encoder_targets = options.texts("text_encoder_targets");
  network.encoder_options = encoder_options(options, network.options);
  for (const std::string& encoder : encoders_of(model, options.texts("text_encoders"))) {
    components.push_back(encoder);
  }
  const auto seed = static_cast<uint64_t>(options.integer("seed", 0));
  if (networks::registry().get(network.kind, "network").make_whole) {
    return push_handle(L, whole_network(model, network, components, seed));
  }
  std::vector<nn::AdaptableLayer> layers;
  for (const std::string& component : components) {
    for (const auto& layer : model.layers(component)) { layers.push_back(layer); }
  }
  return push_handle(L,
                     std::make_shared<networks::Network>(
                         network, layers, seed,
                         device_or_meta_from_name(options.text("device", "cpu"), "network.new")));
}

// network:parameters() -> {["transformer/<target>.down"] = tensor}: the leaves that train
int parameters(lua_State* L) {
  std::map<std::string, Tensor> all;
  for (const auto& parameter : check<networks::Network>(L, 1).parameters()) {
    all.emplace(parameter.name, parameter.tensor);
  }
  return push_named_tensors(L, all);
}

// network:count([component]) -> numbers that train
int count(lua_State* L) {
  const std::string component = luaL_optstring(L, 2, "");
  int64_t numbers = 0;
  for (const auto& entry : check<networks::Network>(L, 1).entries()) {
    if (!component.empty() && entry.component != component) { continue; }
    for (const auto& parameter : entry.module->named_parameters()) {
      numbers += parameter.tensor.numel();
    }
  }
  lua_pushnumber(L, static_cast<double>(numbers));
  return 1;
}

// network:components() -> {"transformer", "clip_l"}: what is adapted
int components(lua_State* L) {
  std::vector<std::string> names;
  for (const auto& entry : check<networks::Network>(L, 1).entries()) {
    if (names.empty() || names.back() != entry.component) { names.push_back(entry.component); }
  }
  push_strings(L, names);
  return 1;
}

// network:targets() -> list of adapted layers, those of text encoders as "clip_l.…"
int targets(lua_State* L) {
  std::vector<std::string> names;
  for (const auto& entry : check<networks::Network>(L, 1).entries()) {
    names.push_back(networks::full_name(entry));
  }
  push_strings(L, names);
  return 1;
}

const networks::Entry& find_entry(const networks::Network& network, const std::string& target) {
  std::vector<std::string> names;
  for (const auto& entry : network.entries()) {
    names.push_back(networks::full_name(entry));
    if (names.back() == target) { return entry; }
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

const luaL_Reg methods[] = {{"parameters", guarded<parameters>},
                            {"count", guarded<count>},
                            {"targets", guarded<targets>},
                            {"components", guarded<components>},
                            {"delta_weight", guarded<delta_weight>},
                            {"set_strength", guarded<set_strength>},
                            {nullptr, nullptr}};

}  // namespace

void open_network(lua_State* L) {
  open_class<networks::Network>(L, methods);
  add_module(L, "network", functions);
}

}  // namespace lorarun::bind
