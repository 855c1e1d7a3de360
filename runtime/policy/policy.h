// A recipe, run as a stranger's text: its declarations once, its hooks between steps.
//
//   Source --open--> declaration (plain data)
//   decide("step", state, run) --> the hook's answer and the changed state (plain data)
//
// Two forms keep this contract: PolicyVm (vm.h) is the Lua state itself,
// PolicyProcess (process.h) is the same state in a process of its own behind the
// wall (wall.h).  Nothing but plain data crosses: no tensor, no handle, no Lua
// value.  Hooks are looked up by name each time, never stored, so a new text can
// take the place of an old one between steps.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace lorarun::policy {

// Everything that a policy is made of: the process that runs it reads no files.
struct Source {
  std::string text;     // the recipe
  std::string name;     // what errors call it
  std::string sandbox;  // text of lua/lorarun/sandbox.lua

  std::vector<std::string> constructors;  // flux, lora, adamw, images, …: tagged tables
  Json schedules = Json::object();        // name -> text of lua/lorarun/schedule/<name>.lua
  Json parts = Json::object();            // "lib.schedule" -> text, for `require`
  Json params = Json::object();  // name -> value given for a `params { … }` of the recipe
  bool lenient = false;          // params without a value are no error: for --help
};

Json to_json(const Source& source);
Source source_of(const Json& json);

struct Decision {
  Json answer;  // what the hook returned; null for nothing
  Json state;   // the state after the call
};

// The hook called once for each snapshot of a list, each time with the state of the call before.
struct Rehearsal {
  struct Failure {
    size_t index;  // of the snapshot, from 0
    Error error;
  };
  Json answers = Json::array();  // {} where the hook returned nothing
  Json state;                    // after the last call that succeeded
  std::optional<Failure> failure;
};

class Policy {
 public:
  virtual ~Policy() = default;

  // The recipe's table: constructors as {"kind": name, …}, hooks as {"kind": "hook"}; with
  // `params`, the table that the recipe declared, where it declares any.
  virtual const Json& declaration() const = 0;

  // Calls on.<hook>(state, run).  Throws Error when the hook fails, takes too long or leaves
  // something in `state` that cannot be saved.
  virtual Decision decide(const std::string& hook, const Json& state, const Json& run) = 0;

  // Calls the hook for each of `runs`, a list, up to the first failure.
  virtual Rehearsal rehearse(const std::string& hook, const Json& state, const Json& runs) = 0;

  // Calls the recipe's migrate(state, from); gives the new state.
  virtual Json migrate(const Json& state, const Json& from) = 0;

  virtual pid_t pid() const = 0;         // of the process it runs in
  virtual int64_t restarts() const = 0;  // how often that process was started anew

  bool has(const std::string& hook) const;
};

// An error of the recipe as it may be shown: at most 2000 bytes, no control characters, and exit
// code 2, because the request was wrong.
Error presentable(const Error& error);

Json to_json(const Error& error);
Error error_of(const Json& json);

}  // namespace lorarun::policy
