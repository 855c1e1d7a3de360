// The Lua state that a recipe runs in: the first of the two walls.
//
//   Source --sandbox.lua--> chunk in an environment of its own --> declaration
//
// The recipe sees a whitelist (lua/lorarun/sandbox.lua), has no JIT, a cap on
// memory and a budget of instructions per call (budget.h).  That holds honest
// mistakes; an attack that LuaJIT itself cannot stop (docs/security.md) is held
// by the process around it (process.h).

#pragma once

#include <functional>
#include <memory>

#include "runtime/policy/policy.h"
#include "runtime/script/lua.h"

namespace lorarun::policy {

struct VmLimits {
  size_t memory_bytes = size_t{64} << 20;
  int64_t instructions_to_load = 200'000'000;
  int64_t instructions_per_call = 20'000'000;
};

class PolicyVm : public Policy {
 public:
  // Compiles and runs the recipe.  Throws Error with file and line.
  explicit PolicyVm(const Source& source, VmLimits limits = {});
  ~PolicyVm() override;

  const Json& declaration() const override { return declaration_; }
  Decision decide(const std::string& hook, const Json& state, const Json& run) override;
  Rehearsal rehearse(const std::string& hook, const Json& state, const Json& runs) override;
  Json migrate(const Json& state, const Json& from) override;
  pid_t pid() const override;
  int64_t restarts() const override { return 0; }

 private:
  struct State;

  void run(int64_t instructions, const std::function<void(lua_State*)>& body);

  std::string name_;
  VmLimits limits_;
  std::unique_ptr<State> state_;
  Json declaration_;
};

}  // namespace lorarun::policy
