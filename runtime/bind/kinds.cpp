// lorarun.kinds(): what the registries of the program hold.

#include "runtime/bind/open.h"
#include "runtime/models/registry.h"
#include "runtime/networks/registry.h"
#include "runtime/optim/registry.h"
#include "runtime/render/registry.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"
#include "runtime/train/registry.h"

namespace lorarun::bind {

namespace {

template <typename Kind>
Json with_options(const Registry<Kind>& registry) {
  Json all = Json::object();
  for (const std::string& name : registry.names()) {
    const Kind* kind = registry.find(name);
    all[name] = {{"about", kind->about}, {"options", kind->options}};
  }
  return all;
}

// What stands in the model: beside its layers, or in their place.
Json networks_json() {
  Json all = with_options(networks::registry());
  for (auto& [name, kind] : all.items()) {
    kind["is_whole"] = networks::registry().find(name)->make_whole != nullptr;
  }
  return all;
}

Json objectives_json() {
  Json all = with_options(train::registry());
  for (auto& [name, kind] : all.items()) {
    kind["takes_pixels"] = train::registry().find(name)->takes_pixels;
  }
  return all;
}

template <typename Kind>
Json abouts(const Registry<Kind>& registry) {
  Json all = Json::object();
  for (const std::string& name : registry.names()) {
    all[name] = {{"about", registry.find(name)->about}};
  }
  return all;
}

// kinds() -> {family = {flux = {about}}, network = {lora = {about, options}}, objective = {…},
// optimizer = {…}, sampler = {…}}
int kinds(lua_State* L) {
  push_json(L, {{"family", abouts(models::registry())},
                {"network", networks_json()},
                {"objective", objectives_json()},
                {"optimizer", with_options(optim::registry())},
                {"sampler", abouts(render::registry())}});
  return 1;
}

const luaL_Reg functions[] = {{"kinds", guarded<kinds>}, {nullptr, nullptr}};

}  // namespace

void open_kinds(lua_State* L) {
  luaL_register(L, nullptr, functions);
}

}  // namespace lorarun::bind
