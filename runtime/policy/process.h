// A recipe in a process of its own, behind the wall.
//
//   open --> child: limits, Landlock, seccomp --> the recipe runs there
//   call --> answer within the deadline, or: kill, Error, and a new child at the next call
//
// Whatever the recipe does to its process, this side gets an answer that was
// checked (size, depth, form) or an Error that names the cause in words, never
// a crash and never a wait beyond the deadline.  After five failures in a row the
// next calls fail at once without a new child: 16 of them, then twice as many.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "runtime/policy/policy.h"
#include "runtime/policy/vm.h"

namespace lorarun::policy {

struct ProcessOptions {
  std::filesystem::path program;  // lorarun-policy; empty: beside this program
  double open_s = 10;             // deadlines, wall clock
  double decide_s = 2;
  double rehearse_s = 30;
  VmLimits vm;
};

class PolicyProcess : public Policy {
 public:
  // Starts the process and runs the recipe in it.  Throws Error with file and line.
  explicit PolicyProcess(const Source& source, ProcessOptions options = {});
  ~PolicyProcess() override;
  PolicyProcess(const PolicyProcess&) = delete;
  PolicyProcess& operator=(const PolicyProcess&) = delete;

  const Json& declaration() const override { return declaration_; }
  Decision decide(const std::string& hook, const Json& state, const Json& run) override;
  Rehearsal rehearse(const std::string& hook, const Json& state, const Json& runs) override;
  Json migrate(const Json& state, const Json& from) override;
  pid_t pid() const override { return pid_; }  // 0 while none runs
  int64_t restarts() const override { return restarts_; }

 private:
  struct Demand {
    Json request;
    double seconds;
    size_t most_bytes;
  };

  void open();
  void start();
  Json ask(const Demand& demand);
  Json exchange(const Demand& demand);
  Json failed(const std::string& what);
  void end();
  std::string how_it_ended();
  Error failure(const std::string& what) const;

  Source source_;
  ProcessOptions options_;
  Json declaration_;
  pid_t pid_ = 0;
  int socket_ = -1;
  int64_t starts_ = 0, restarts_ = 0;
  int failures_in_row_ = 0;
  int64_t calls_to_skip_ = 0, next_pause_ = 16;
  std::string last_failure_;
};

// What holds on this machine: starts a process behind the wall and asks it.  Never throws: a
// process that does not start gives {"process": false, "why_no_process": …}.
Json wall_report(const std::filesystem::path& program = {});

}  // namespace lorarun::policy
