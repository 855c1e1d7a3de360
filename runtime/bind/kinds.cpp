// lorarun.kinds(): what the registries of the program hold.

#include "runtime/bind/open.h"
#include "runtime/models/registry.h"
#include "runtime/networks/registry.h"
#include "runtime/optim/registry.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

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

// kinds() -> {family = {flux = {about}}, network = {lora = {about, options}}, optimizer = {…}}
int kinds(lua_State* L) {
  Json families = Json::object();
  for (const std::string& name : models::registry().names()) {
    families[name] = {{"about", models::registry().find(name)->about}};
  }
  push_json(L, {{"family", families},
                {"network", with_options(networks::registry())},
                {"optimizer", with_options(optim::registry())}});
  return 1;
}

const luaL_Reg functions[] = {{"kinds", guarded<kinds>}, {nullptr, nullptr}};

}  // namespace

void open_kinds(lua_State* L) {
  luaL_register(L, nullptr, functions);
}

}  // namespace lorarun::bind
