#include "runtime/policy/budget.h"

#include <cstdlib>
#include <new>
#include <string>

namespace lorarun::policy {

namespace {

constexpr int kInstructionsPerTick = 1000;

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

void tick(lua_State* L, lua_Debug*);

// "recipe.lua:3: " of the innermost function that is the recipe's.
std::string recipe_line(lua_State* L) {
  lua_Debug info = {};
  for (int level = 0; lua_getstack(L, level, &info); ++level) {
    lua_getinfo(L, "Sl", &info);
    const std::string source = info.short_src;
    if (info.currentline > 0 && source != "sandbox.lua") {
      return source + ":" + std::to_string(info.currentline) + ": ";
    }
  }
  return "";
}

void push_spent(lua_State* L) {
  const std::string text =
      recipe_line(L) + "the recipe takes too long: it ran past its budget of instructions";
  lua_pushlstring(L, text.data(), text.size());
}

void take(lua_State* L, int64_t instructions) {
  Budget& budget = budget_of(L);
  budget.instructions_left -= instructions;
  if (budget.instructions_left > 0) { return; }
  lua_sethook(L, tick, LUA_MASKCOUNT, 1);
  push_spent(L);
  lua_error(L);
}

void tick(lua_State* L, lua_Debug*) {
  take(L, kInstructionsPerTick);
}

}  // namespace

lua_State* new_state(Budget* budget) {
  lua_State* L = lua_newstate(allocate, budget);
  if (!L) { throw std::bad_alloc(); }
  return L;
}

void start_clock(lua_State* L, int64_t instructions) {
  budget_of(L).instructions_left = instructions;
  lua_sethook(L, tick, LUA_MASKCOUNT, kInstructionsPerTick);
}

int spend(lua_State* L) {
  take(L, static_cast<int64_t>(luaL_checknumber(L, 1)));
  return 0;
}

}  // namespace lorarun::policy
