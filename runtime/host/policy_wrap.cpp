// The class Policy for the trusted state: lorarun.policy.open(text, name, names).

#include "runtime/bind/box.h"
#include "runtime/host/open.h"
#include "runtime/host/policy.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<host::Policy> = "Policy";

}  // namespace lorarun::bind

namespace lorarun::host {

namespace {

using bind::guarded;

// policy.open(text, name, {constructors = {…}, schedules = {…}}) -> Policy
int open(lua_State* L) {
  const bind::Options options(L, 3, {"constructors", "schedules"});
  const PolicyNames names{options.texts("constructors"), options.json("schedules", Json::object())};
  return bind::push_handle(
      L, std::make_shared<Policy>(bind::check_string(L, 1), bind::check_string(L, 2), names));
}

// policy:declaration() -> table
int declaration(lua_State* L) {
  bind::push_json(L, bind::check<Policy>(L, 1).declaration());
  return 1;
}

// policy:has("step") -> boolean
int has(lua_State* L) {
  lua_pushboolean(L, bind::check<Policy>(L, 1).has(bind::check_string(L, 2)));
  return 1;
}

// policy:decide("step", state, run) -> answer, state
int decide(lua_State* L) {
  const Decision decision = bind::check<Policy>(L, 1).decide(
      bind::check_string(L, 2), bind::to_json(L, 3, "state"), bind::to_json(L, 4, "run"));
  bind::push_json(L, decision.answer);
  bind::push_json(L, decision.state);
  return 2;
}

const luaL_Reg functions[] = {{"open", guarded<open>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {{"declaration", guarded<declaration>},
                            {"has", guarded<has>},
                            {"decide", guarded<decide>},
                            {nullptr, nullptr}};

}  // namespace

void open_policy(lua_State* L) {
  bind::open_class<Policy>(L, methods);
  bind::add_module(L, "policy", functions);
}

}  // namespace lorarun::host
