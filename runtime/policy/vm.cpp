#include "runtime/policy/vm.h"

#include <unistd.h>

#include <exception>

#include "runtime/base/nearest.h"
#include "runtime/policy/budget.h"
#include "runtime/script/call.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::policy {

namespace {

int open_libraries(lua_State* L) {
  for (const lua_CFunction open : {luaopen_base, luaopen_string, luaopen_table, luaopen_math}) {
    lua_pushcfunction(L, open);
    lua_call(L, 0, 0);
  }
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  script::open_errors(L);
  return 0;
}

// nearest(word, names) -> the name that was probably meant, or nothing
int nearest_name(lua_State* L) {
  const auto close = nearest(script::check_string(L, 1), script::check_strings(L, 2));
  if (!close) { return 0; }
  script::push_string(L, *close);
  return 1;
}

// Leaves the table that sandbox.lua returns.
void load_sandbox(lua_State* L, const std::string& text) {
  lua_pushcfunction(L, script::guarded<nearest_name>);
  lua_setglobal(L, "nearest");
  lua_pushcfunction(L, spend);
  lua_setglobal(L, "spend");
  script::load_text(L, text, "sandbox.lua");
  script::call(L, 0, 1);
}

Json names_json(const Source& source) {
  return {{"constructors", source.constructors},
          {"schedules", source.schedules},
          {"parts", source.parts},
          {"params", source.params},
          {"lenient", source.lenient}};
}

}  // namespace

struct PolicyVm::State {
  Budget budget;
  lua_State* L = nullptr;

  explicit State(size_t most_bytes) {
    budget.most_bytes = most_bytes;
    L = new_state(&budget);
    if (lua_cpcall(L, open_libraries, nullptr) != 0) { throw std::bad_alloc(); }
  }
  ~State() {
    lua_sethook(L, nullptr, 0, 0);
    lua_close(L);
  }
};

namespace {

struct Work {
  const std::function<void(lua_State*)>& body;
  std::exception_ptr failure;
};

// C++ exceptions wait in the Work; Lua's own pass to lua_cpcall.
int do_work(lua_State* L) {
  auto* work = static_cast<Work*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  try {
    work->body(L);
  } catch (const std::exception&) { work->failure = std::current_exception(); }
  return 0;
}

// Calls sandbox.<function>, whose arguments `push` leaves.
void call_sandbox(lua_State* L, const char* function, const std::function<int()>& push,
                  int results) {
  lua_getfield(L, LUA_REGISTRYINDEX, "sandbox");
  lua_getfield(L, -1, function);
  lua_remove(L, -2);  // [function]
  const int arguments = push();
  script::call(L, arguments, results);
}

}  // namespace

// Runs `body` where every Lua error becomes an Error, also one for lack of memory while values are
// pushed.  What the recipe throws is a wrong request; its garbage may be what filled the memory.
void PolicyVm::run(int64_t instructions, const std::function<void(lua_State*)>& body) {
  lua_State* L = state_->L;
  lua_settop(L, 0);
  start_clock(L, instructions);
  Work work{body, nullptr};
  const int status = lua_cpcall(L, do_work, &work);
  lua_sethook(L, nullptr, 0, 0);
  lua_settop(L, 0);
  if (status == 0 && !work.failure) { return; }
  lua_gc(L, LUA_GCCOLLECT, 0);
  Error error("not enough memory");
  try {
    if (work.failure) { std::rethrow_exception(work.failure); }
  } catch (const Error& thrown) { error = presentable(thrown); }
  if (error.headline() == "not enough memory") {
    const auto megabytes = std::to_string(limits_.memory_bytes >> 20);
    error = Error("not enough memory: a recipe may use " + megabytes + " MiB");
  }
  throw error.where(name_);
}

PolicyVm::PolicyVm(const Source& source, VmLimits limits)
    : name_(source.name), limits_(limits), state_(std::make_unique<State>(limits.memory_bytes)) {
  run(limits_.instructions_to_load, [&](lua_State* L) {
    load_sandbox(L, source.sandbox);
    lua_setfield(L, LUA_REGISTRYINDEX, "sandbox");
    const auto push = [&] {
      script::load_text(L, source.text, name_);
      script::push_json(L, names_json(source));
      return 2;
    };
    call_sandbox(L, "declare", push, 1);
    declaration_ = script::to_json(L, -1, "recipe");
  });
}

PolicyVm::~PolicyVm() = default;

pid_t PolicyVm::pid() const {
  return getpid();
}

Decision PolicyVm::decide(const std::string& hook, const Json& state, const Json& run_now) {
  Decision decision;
  run(limits_.instructions_per_call, [&](lua_State* L) {
    const auto push = [&] {
      script::push_string(L, hook);
      script::push_json(L, state);
      script::push_json(L, run_now);
      return 3;
    };
    call_sandbox(L, "decide", push, 2);  // [answer, state]
    decision.answer = script::to_json(L, 1, "the answer of on." + hook);
    decision.state = script::to_json(L, 2, "state");
  });
  return decision;
}

Rehearsal PolicyVm::rehearse(const std::string& hook, const Json& state, const Json& runs) {
  Rehearsal result;
  result.state = state;
  for (size_t i = 0; i < runs.size(); ++i) {
    try {
      Decision decision = decide(hook, result.state, runs[i]);
      result.answers.push_back(decision.answer.is_null() ? Json::object()
                                                         : std::move(decision.answer));
      result.state = std::move(decision.state);
    } catch (const Error& error) {
      result.failure = {i, error};
      break;
    }
  }
  return result;
}

Json PolicyVm::migrate(const Json& state, const Json& from) {
  Json migrated;
  run(limits_.instructions_per_call, [&](lua_State* L) {
    const auto push = [&] {
      script::push_json(L, state);
      script::push_json(L, from);
      return 2;
    };
    call_sandbox(L, "migrate", push, 1);
    migrated = script::to_json(L, -1, "state");
  });
  return migrated;
}

}  // namespace lorarun::policy
