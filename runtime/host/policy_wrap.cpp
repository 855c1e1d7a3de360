// The class Policy for the trusted state: lorarun.policy.open(text, name, options).

#include "runtime/base/files.h"
#include "runtime/bind/box.h"
#include "runtime/host/open.h"
#include "runtime/host/share.h"
#include "runtime/policy/process.h"
#include "runtime/policy/vm.h"
#include "runtime/script/guard.h"
#include "runtime/script/options.h"
#include "runtime/script/values.h"

namespace lorarun::bind {

template <>
inline constexpr const char* kClass<policy::Policy> = "Policy";

}  // namespace lorarun::bind

namespace lorarun::host {

namespace {

using bind::guarded;
using policy::Policy;

policy::Source source_of(lua_State* L, const bind::Options& options) {
  policy::Source source;
  source.text = bind::check_string(L, 1);
  source.name = bind::check_string(L, 2);
  source.sandbox = read_text(share_folder() / "lua/lorarun/sandbox.lua");
  source.constructors = options.texts("constructors");
  source.schedules = options.json("schedules", Json::object());
  source.parts = options.json("parts", Json::object());
  source.params = options.json("params", Json::object());
  source.lenient = options.flag("lenient", false);
  return source;
}

// policy.open(text, name, {constructors = {…}, schedules = {…}, …}) -> Policy
int open(lua_State* L) {
  const bind::Options options(
      L, 3, {"constructors", "schedules", "parts", "params", "lenient", "in_process"});
  const policy::Source source = source_of(L, options);
  std::shared_ptr<Policy> opened;
  if (options.flag("in_process", false)) {
    opened = std::make_shared<policy::PolicyVm>(source);
  } else {
    opened = std::make_shared<policy::PolicyProcess>(source);
  }
  return bind::push_handle(L, opened);
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
  const policy::Decision decision = bind::check<Policy>(L, 1).decide(
      bind::check_string(L, 2), bind::to_json(L, 3, "state"), bind::to_json(L, 4, "run"));
  bind::push_json(L, decision.answer);
  bind::push_json(L, decision.state);
  return 2;
}

// Leaves {index = …, error = …}, or nil.
void push_failure(lua_State* L, const std::optional<policy::Rehearsal::Failure>& failure) {
  if (!failure) { return lua_pushnil(L); }
  lua_newtable(L);  // [failure]
  lua_pushinteger(L, static_cast<lua_Integer>(failure->index + 1));
  lua_setfield(L, -2, "index");
  bind::push_error(L, failure->error);
  lua_setfield(L, -2, "error");
}

// policy:rehearse("step", state, runs) -> answers, state, failure
int rehearse(lua_State* L) {
  const policy::Rehearsal all = bind::check<Policy>(L, 1).rehearse(
      bind::check_string(L, 2), bind::to_json(L, 3, "state"), bind::to_json(L, 4, "runs"));
  bind::push_json(L, all.answers);
  bind::push_json(L, all.state);
  push_failure(L, all.failure);
  return 3;
}

// policy:migrate(state, from) -> state
int migrate(lua_State* L) {
  bind::push_json(L, bind::check<Policy>(L, 1).migrate(bind::to_json(L, 2, "state"),
                                                       bind::to_json(L, 3, "from")));
  return 1;
}

int pid(lua_State* L) {
  lua_pushinteger(L, bind::check<Policy>(L, 1).pid());
  return 1;
}

int restarts(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(bind::check<Policy>(L, 1).restarts()));
  return 1;
}

// wall() -> what holds around policies on this machine
int wall(lua_State* L) {
  bind::push_json(L, policy::wall_report());
  return 1;
}

const luaL_Reg functions[] = {{"open", guarded<open>}, {"wall", guarded<wall>}, {nullptr, nullptr}};

const luaL_Reg methods[] = {{"declaration", guarded<declaration>}, {"has", guarded<has>},
                            {"decide", guarded<decide>},           {"rehearse", guarded<rehearse>},
                            {"migrate", guarded<migrate>},         {"pid", guarded<pid>},
                            {"restarts", guarded<restarts>},       {nullptr, nullptr}};

}  // namespace

void open_policy(lua_State* L) {
  bind::open_class<Policy>(L, methods);
  bind::add_module(L, "policy", functions);
}

}  // namespace lorarun::host
