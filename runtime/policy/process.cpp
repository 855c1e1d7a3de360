#include "runtime/policy/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "runtime/policy/serve.h"
#include "runtime/policy/spawn.h"
#include "runtime/policy/wall.h"
#include "runtime/policy/wire.h"

namespace lorarun::policy {

namespace {

constexpr int kFailuresBeforePause = 5;
constexpr int64_t kLongestPause = 1024;

Clock::time_point after(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

// In words what a status of waitpid() says of the cause.
std::string cause(int status) {
  if (WIFEXITED(status)) {
    return "the policy process ended with exit code " + std::to_string(WEXITSTATUS(status));
  }
  const int number = WTERMSIG(status);
  std::string text = "the policy process died (" + signal_name(number) + ")";
  if (number == SIGSYS) { text += ": it asked the kernel for what the wall forbids"; }
  if (number == SIGXCPU) { text += ": it used up its processor time"; }
  return text;
}

Json open_request(const Source& source, const VmLimits& limits) {
  return {{"do", "open"},
          {"source", to_json(source)},
          {"memory_bytes", limits.memory_bytes},
          {"instructions_to_load", limits.instructions_to_load},
          {"instructions_per_call", limits.instructions_per_call}};
}

const Json& member(const Json& answer, const char* key) {
  const auto at = answer.find(key);
  if (at == answer.end()) { throw Error("it lacks '" + std::string(key) + "'"); }
  return *at;
}

}  // namespace

PolicyProcess::PolicyProcess(const Source& source, ProcessOptions options)
    : source_(source), options_(std::move(options)) {
  try {
    open();
  } catch (...) {
    end();
    throw;
  }
}

PolicyProcess::~PolicyProcess() {
  end();
}

// ---- the child's life ----

void PolicyProcess::start() {
  const Child child = start_policy_program(options_.program);
  pid_ = child.pid;
  socket_ = child.socket;
  if (++starts_ > 1) { ++restarts_; }
}

// Starts a child and runs the recipe in it; the declaration of the first child stays.
void PolicyProcess::open() {
  start();
  const Json answer =
      exchange({open_request(source_, options_.vm), options_.open_s, kLargestAnswer});
  if (answer.contains("error")) {
    const Error error = error_of(answer["error"]);
    end();
    throw error;
  }
  if (starts_ == 1) { declaration_ = member(answer, "declaration"); }
}

void PolicyProcess::end() {
  if (pid_ == 0) { return; }
  how_it_ended();
}

// Kills and buries the child.  A child that was dying keeps the cause it died of.
std::string PolicyProcess::how_it_ended() {
  close(socket_);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = 0;
  socket_ = -1;
  return cause(status);
}

// ---- one question ----

Error PolicyProcess::failure(const std::string& what) const {
  return Error(what)
      .where(source_.name)
      .fix(declaration_.is_null() ? "correct what the recipe computes outside of its hooks"
                                  : "correct what the recipe computes there");
}

// Notes a failure of the process itself and throws it.
Json PolicyProcess::failed(const std::string& what) {
  last_failure_ = what;
  if (++failures_in_row_ >= kFailuresBeforePause) {
    failures_in_row_ = 0;
    calls_to_skip_ = next_pause_;
    next_pause_ = std::min(2 * next_pause_, kLongestPause);
  }
  throw failure(what);
}

// Sends the request and gives the answer, which may hold an error of the recipe.
Json PolicyProcess::exchange(const Demand& demand) {
  const auto deadline = after(demand.seconds);
  std::string text;
  Wire state = send_frame(socket_, demand.request.dump(), deadline);
  if (state == Wire::whole) { state = receive_frame(socket_, demand.most_bytes, deadline, &text); }
  switch (state) {
    case Wire::late:
      end();
      return failed("the policy did not answer within " + seconds_text(demand.seconds));
    case Wire::closed:
      return failed(how_it_ended());
    case Wire::too_large:
      end();
      return failed("the policy's answer is larger than " +
                    std::to_string(demand.most_bytes >> 20) + " MiB");
    case Wire::whole:
      break;
  }
  Json answer;
  std::string garbage;
  try {
    answer = parse_untrusted(text);
    if (!answer.is_object()) { garbage = "it is no object"; }
  } catch (const Error& error) { garbage = error.headline(); }
  if (!garbage.empty()) {
    end();
    return failed("the policy process answered nonsense: " + garbage);
  }
  if (answer.contains("fatal")) {
    end();
    return failed("the policy used more memory than " +
                  std::to_string(WallLimits().memory_bytes >> 20) + " MiB");
  }
  return answer;
}

// Exchange with a child that is there, started anew where the last one failed.
Json PolicyProcess::ask(const Demand& demand) {
  if (calls_to_skip_ > 0) {
    --calls_to_skip_;
    throw failure("the policy process failed " + std::to_string(kFailuresBeforePause) +
                  " times in a row (" + last_failure_ + ") and is tried again in " +
                  std::to_string(calls_to_skip_ + 1) + " calls");
  }
  if (pid_ == 0) { open(); }
  Json answer = exchange(demand);
  failures_in_row_ = 0;
  if (answer.contains("error")) { throw error_of(answer["error"]); }
  return answer;
}

Decision PolicyProcess::decide(const std::string& hook, const Json& state, const Json& run) {
  const Json answer = ask({{{"do", "decide"}, {"hook", hook}, {"state", state}, {"run", run}},
                           options_.decide_s,
                           kLargestAnswer});
  return {member(answer, "answer"), member(answer, "state")};
}

Json PolicyProcess::migrate(const Json& state, const Json& from) {
  const Json request = {{"do", "migrate"}, {"state", state}, {"from", from}};
  return member(ask({request, options_.decide_s, kLargestAnswer}), "state");
}

// In slices, so that no frame grows with the length of the run; one deadline for all.
Rehearsal PolicyProcess::rehearse(const std::string& hook, const Json& state, const Json& runs) {
  Rehearsal all;
  all.state = state;
  const auto deadline = after(options_.rehearse_s);
  for (size_t from = 0; from < runs.size() && !all.failure; from += kMostRehearsed) {
    const size_t to = std::min(from + kMostRehearsed, runs.size());
    const Json slice(runs.begin() + static_cast<long>(from), runs.begin() + static_cast<long>(to));
    const double left = std::chrono::duration<double>(deadline - Clock::now()).count();
    const Json request = {
        {"do", "rehearse"}, {"hook", hook}, {"state", all.state}, {"runs", slice}};
    const Json answer = ask({request, std::max(left, 0.0), kLargestRehearsal});
    for (const Json& one : member(answer, "answers")) { all.answers.push_back(one); }
    all.state = member(answer, "state");
    if (!answer.contains("failure")) { continue; }
    const size_t index = from + member(answer["failure"], "index").get<size_t>();
    all.failure = {index, error_of(member(answer["failure"], "error"))};
  }
  return all;
}

// ---- what holds ----

Json wall_report(const std::filesystem::path& program) {
  try {
    const Child child = start_policy_program(program);
    std::string text;
    const auto deadline = after(5);
    const bool answered =
        send_frame(child.socket, R"({"do":"report"})", deadline) == Wire::whole &&
        receive_frame(child.socket, kLargestAnswer, deadline, &text) == Wire::whole;
    close(child.socket);
    kill(child.pid, SIGKILL);
    int status = 0;
    waitpid(child.pid, &status, 0);
    if (answered) { return parse_untrusted(text); }
    return {{"process", false}, {"why_no_process", cause(status)}};
  } catch (const Error& error) { return {{"process", false}, {"why_no_process", error.what()}}; }
}

}  // namespace lorarun::policy
