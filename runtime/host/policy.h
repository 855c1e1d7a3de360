// A recipe, run as a stranger's text: its declarations once, its hooks between steps.
//
//   text --compile--> chunk in a Lua state of its own --> declaration (plain data)
//   decide("step", state, run) --> the hook's answer and the changed state (plain data)
//
// Nothing but plain data crosses: no tensor, no handle, no Lua value.  The
// recipe sees a whitelist (lua/lorarun/sandbox.lua), has no JIT, a cap on memory
// and a budget of instructions per call.  Hooks are looked up by name each time,
// never stored, so a new text can take the place of an old one between steps.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace lorarun::host {

struct PolicyLimits {
  size_t memory_bytes = size_t{64} << 20;
  int64_t instructions_to_load = 200'000'000;
  int64_t instructions_per_call = 20'000'000;
};

// What the sandbox offers by name.
struct PolicyNames {
  std::vector<std::string> constructors;  // flux, lora, adamw, images, …: tagged tables
  Json schedules = Json::object();        // name -> text of lua/lorarun/schedule/<name>.lua
};

struct Decision {
  Json answer;  // what the hook returned; null for nothing
  Json state;   // the state after the call
};

class Policy {
 public:
  // Compiles and runs the text.  `name` is what errors call it.  Throws Error with file and line.
  Policy(const std::string& text, const std::string& name, const PolicyNames& names,
         PolicyLimits limits = {});
  ~Policy();

  // The recipe's table: constructors as {"kind": name, …}, hooks as {"kind": "hook"}.
  const Json& declaration() const { return declaration_; }

  bool has(const std::string& hook) const;

  // Calls on.<hook>(state, run).  Throws Error when the hook fails, takes too long or leaves
  // something in `state` that cannot be saved.
  Decision decide(const std::string& hook, const Json& state, const Json& run);

 private:
  struct State;

  std::string name_;
  PolicyLimits limits_;
  std::unique_ptr<State> state_;
  Json declaration_;
};

}  // namespace lorarun::host
