#include "runtime/host/policy.h"

#include <cmath>
#include <cstdlib>

#include "runtime/base/files.h"
#include "runtime/base/nearest.h"
#include "runtime/host/share.h"
#include "runtime/script/call.h"
#include "runtime/script/guard.h"
#include "runtime/script/values.h"

namespace lorarun::host {

namespace {

constexpr int kInstructionsPerTick = 1000;

// Memory and instructions that one recipe has used and may use.
struct Budget {
  size_t bytes = 0, most_bytes = 0;
  int64_t instructions_left = 0;
};

void* allocate(void* budget_pointer, void* block, size_t old_bytes, size_t new_bytes) {
  auto* budget = static_cast<Budget*>(budget_pointer);
  if (new_bytes == 0) {
    budget->bytes -= old_bytes;
    std::free(block);
    return nullptr;
  }
  if (budget->bytes - old_bytes + new_bytes > budget->most_bytes) { return nullptr; }
  void* moved = std::realloc(block, new_bytes);
  if (moved) { budget->bytes += new_bytes - old_bytes; }
  return moved;
}

Budget& budget_of(lua_State* L) {
  void* budget = nullptr;
  lua_getallocf(L, &budget);
  return *static_cast<Budget*>(budget);
}

// Runs every kInstructionsPerTick instructions.  Once the budget is spent it fails at every
// instruction, so that a pcall in the recipe cannot swallow it.
void tick(lua_State* L, lua_Debug*) {
  Budget& budget = budget_of(L);
  budget.instructions_left -= kInstructionsPerTick;
  if (budget.instructions_left > 0) { return; }
  lua_sethook(L, tick, LUA_MASKCOUNT, 1);
  luaL_error(L, "the recipe takes too long: it ran past its budget of instructions");
}

void start_clock(lua_State* L, int64_t instructions) {
  budget_of(L).instructions_left = instructions;
  lua_sethook(L, tick, LUA_MASKCOUNT, kInstructionsPerTick);
}

int open_libraries(lua_State* L) {
  for (const lua_CFunction open : {luaopen_base, luaopen_string, luaopen_table, luaopen_math}) {
    lua_pushcfunction(L, open);
    lua_call(L, 0, 0);
  }
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  script::open_errors(L);
  return 0;
}

void check_storable(const Json& value, const std::string& path) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw Error(path + " is not a finite number, so it cannot be saved")
        .fix("keep plain numbers, texts and tables in state");
  }
  for (const auto& [key, item] : value.items()) {
    if (value.is_structured()) { check_storable(item, path + "." + key); }
  }
}

}  // namespace

struct Policy::State {
  Budget budget;
  lua_State* L = nullptr;

  explicit State(size_t most_bytes) {
    budget.most_bytes = most_bytes;
    L = lua_newstate(allocate, &budget);
    if (!L || lua_cpcall(L, open_libraries, nullptr) != 0) { throw std::bad_alloc(); }
  }
  ~State() {
    lua_sethook(L, nullptr, 0, 0);
    lua_close(L);
  }
};

namespace {

// nearest(word, names) -> the name that was probably meant, or nothing
int nearest_name(lua_State* L) {
  const auto close = nearest(script::check_string(L, 1), script::check_strings(L, 2));
  if (!close) { return 0; }
  script::push_string(L, *close);
  return 1;
}

// Leaves the table that sandbox.lua returns.
void load_sandbox(lua_State* L) {
  lua_pushcfunction(L, script::guarded<nearest_name>);
  lua_setglobal(L, "nearest");
  const fs::path path = share_folder() / "lua/lorarun/sandbox.lua";
  script::load_text(L, read_text(path), "sandbox.lua");
  script::call(L, 0, 1);
}

Json names_json(const PolicyNames& names) {
  return {{"constructors", names.constructors}, {"schedules", names.schedules}};
}

}  // namespace

Policy::Policy(const std::string& text, const std::string& name, const PolicyNames& names,
               PolicyLimits limits)
    : name_(name), limits_(limits), state_(std::make_unique<State>(limits.memory_bytes)) {
  lua_State* L = state_->L;
  load_sandbox(L);  // [sandbox]
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "sandbox");
  lua_getfield(L, -1, "declare");    // [sandbox, declare]
  script::load_text(L, text, name);  // [sandbox, declare, chunk]
  script::push_json(L, names_json(names));
  start_clock(L, limits_.instructions_to_load);
  try {
    script::call(L, 2, 1);  // [sandbox, declaration]
  } catch (const script::ScriptError& error) {
    Error request(error.headline());  // a recipe that fails here is a wrong request: exit code 2
    if (!error.remedy().empty()) { request.fix(error.remedy()); }
    throw request.where(error.place().empty() ? name : error.place());
  }
  declaration_ = script::to_json(L, -1, "recipe");
  lua_settop(L, 0);
}

Policy::~Policy() = default;

bool Policy::has(const std::string& hook) const {
  const auto on = declaration_.find("on");
  return on != declaration_.end() && on->is_object() && on->contains(hook);
}

Decision Policy::decide(const std::string& hook, const Json& state, const Json& run) {
  lua_State* L = state_->L;
  lua_settop(L, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, "sandbox");
  lua_getfield(L, -1, "decide");  // [sandbox, decide]
  script::push_string(L, hook);
  script::push_json(L, state);
  script::push_json(L, run);
  start_clock(L, limits_.instructions_per_call);
  script::call(L, 3, 2);  // [sandbox, answer, state]
  Decision decision{script::to_json(L, 2, "the answer of on." + hook),
                    script::to_json(L, 3, "state")};
  lua_settop(L, 0);
  check_storable(decision.state, "state");
  return decision;
}

}  // namespace lorarun::host
