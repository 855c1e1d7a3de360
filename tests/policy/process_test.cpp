#include "runtime/policy/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/policy/source.h"

namespace lorarun::policy {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

const fs::path kProgram = fs::path(LORARUN_BINARY_DIR) / "lorarun-policy";

ProcessOptions options(double decide_s = 2) {
  ProcessOptions chosen;
  chosen.program = kProgram;
  chosen.decide_s = decide_s;
  return chosen;
}

std::string failure(Policy& policy, const Json& run = kEmpty) {
  try {
    policy.decide("step", kEmpty, run);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

bool is_alive(pid_t pid) {
  return kill(pid, 0) == 0;
}

// Sends the signal and waits until all threads of the child are dead; it stays to be buried.
void strike(pid_t child, int signal_number) {
  kill(child, signal_number);
  siginfo_t ended = {};
  waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
}

size_t resident_kilobytes(pid_t pid) {
  std::istringstream words(read_text("/proc/" + std::to_string(pid) + "/statm"));
  size_t mapped = 0, resident = 0;
  words >> mapped >> resident;
  return resident * 4;
}

TEST(PolicyProcess, AnswersAsTheVmDoes) {
  PolicyProcess policy(
      source(with_step("state.n = (state.n or 0) + 1 return { lr = run.step * 2 }")), options());
  EXPECT_TRUE(policy.has("step"));
  EXPECT_NE(policy.pid(), getpid());
  const Decision decision = policy.decide("step", {{"n", 4}}, {{"step", 3}});
  EXPECT_EQ(decision.answer, Json({{"lr", 6}}));
  EXPECT_EQ(decision.state, Json({{"n", 5}}));
}

TEST(PolicyProcess, KeepsNumbersToTheLastBit) {
  PolicyProcess policy(source(with_step("return { lr = run.lr / 3 }")), options());
  const double lr = 0.1;
  EXPECT_EQ(policy.decide("step", kEmpty, {{"lr", lr}}).answer["lr"].get<double>(), lr / 3);
}

TEST(PolicyProcess, NamesFileAndLineOfAnErrorWithExitCode2) {
  try {
    PolicyProcess policy(source("return recipe {\n  steps = = 3 }"), options());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("at: r.lua:2"));
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(PolicyProcess, GoesOnAfterAHookThatFailed) {
  PolicyProcess policy(source(with_step("if run.step == 2 then error('no') end return { lr = 1 }")),
                       options());
  const pid_t first = policy.pid();
  EXPECT_THAT(failure(policy, {{"step", 2}}), HasSubstr("no"));
  EXPECT_EQ(policy.decide("step", kEmpty, {{"step", 3}}).answer, Json({{"lr", 1}}));
  EXPECT_EQ(policy.pid(), first);
  EXPECT_EQ(policy.restarts(), 0);
}

TEST(PolicyProcess, NamesTheSignalOfAChildThatWasKilledAndStartsAnew) {
  PolicyProcess policy(source(with_step("return { lr = 1 }")), options());
  const Json declared = policy.declaration();
  strike(policy.pid(), SIGKILL);
  EXPECT_THAT(failure(policy), HasSubstr("died (SIGKILL)"));
  EXPECT_EQ(policy.decide("step", kEmpty, kEmpty).answer, Json({{"lr", 1}}));
  EXPECT_EQ(policy.restarts(), 1);
  EXPECT_EQ(policy.declaration(), declared);
}

TEST(PolicyProcess, NamesACrash) {
  LR_SKIP_UNDER_SANITIZER();
  PolicyProcess policy(source(with_step("return { lr = 1 }")), options());
  strike(policy.pid(), SIGSEGV);
  EXPECT_THAT(failure(policy), HasSubstr("died (SIGSEGV)"));
}

TEST(PolicyProcess, EndsACallAtItsDeadline) {
  PolicyProcess policy(source(with_step("return {}")), options(0.3));
  const pid_t stopped = policy.pid();
  kill(stopped, SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(failure(policy), HasSubstr("did not answer within 0.3 s"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  EXPECT_LT(took.count(), 1.0);
  EXPECT_FALSE(is_alive(stopped));
}

TEST(PolicyProcess, AGoodAnswerEndsARowOfFailures) {
  PolicyProcess policy(source(with_step("return { lr = 1 }")), options());
  for (int i = 0; i < 5; ++i) {
    if (policy.pid() == 0) { EXPECT_NO_THROW(policy.decide("step", kEmpty, kEmpty)); }
    strike(policy.pid(), SIGKILL);
    failure(policy);
  }
  EXPECT_NO_THROW(policy.decide("step", kEmpty, kEmpty));
  EXPECT_EQ(policy.restarts(), 5);
}

TEST(PolicyProcess, PausesARecipeThatAlwaysKillsItsProcess) {
  ProcessOptions quick = options(0.05);
  quick.vm.instructions_per_call = int64_t{1} << 60;
  PolicyProcess policy(source(with_step("while true do end")), quick);
  for (int i = 0; i < 5; ++i) { EXPECT_THAT(failure(policy), HasSubstr("did not answer")); }
  const int64_t restarts = policy.restarts();
  for (int i = 0; i < 16; ++i) { EXPECT_THAT(failure(policy), HasSubstr("5 times in a row")); }
  EXPECT_EQ(policy.restarts(), restarts);
  EXPECT_THAT(failure(policy), HasSubstr("did not answer"));
  EXPECT_EQ(policy.restarts(), restarts + 1);
}

TEST(PolicyProcess, HoldsARecipeThatEatsMemoryPastTheSandbox) {
  LR_SKIP_UNDER_SANITIZER();
  ProcessOptions wide = options(20);
  wide.vm.memory_bytes = size_t{4} << 30;
  PolicyProcess policy(source(with_step("local t = {} for i = 1, 1e9 do t[i] = { i } end")), wide);
  const pid_t first = policy.pid();
  EXPECT_THAT(failure(policy),
              AnyOf(HasSubstr("memory"), HasSubstr("died"), HasSubstr("too long")));
  if (policy.pid() == first) { EXPECT_LT(resident_kilobytes(first), 400'000u); }
}

TEST(PolicyProcess, RefusesAnAnswerOfMoreThanAMegabyte) {
  PolicyProcess policy(source(with_step("return { a = ('x'):rep(6e5), b = ('y'):rep(6e5) }")),
                       options());
  EXPECT_THAT(failure(policy), HasSubstr("million bytes"));
}

TEST(PolicyProcess, RefusesAnAnswerThatIsNoText) {
  PolicyProcess policy(source(with_step("return { a = '\\255\\254' }")), options());
  EXPECT_THAT(failure(policy), HasSubstr("not UTF-8"));
}

TEST(PolicyProcess, ShowsNoControlCharactersOfAnErrorsText) {
  PolicyProcess policy(source(with_step("error('\\27[2J' .. ('x'):rep(1e6))")), options());
  const std::string text = failure(policy);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 2500u);
}

TEST(PolicyProcess, RehearsesTenThousandStepsWithinHalfASecond) {
  LR_SKIP_UNDER_SANITIZER();
  PolicyProcess policy(
      source(with_step("state.n = (state.n or 0) + 1 return { lr = 1e-4 * (1 - run.progress) }")),
      options());
  Json runs = Json::array();
  for (int i = 0; i < 10'000; ++i) {
    runs.push_back({{"step", i + 1}, {"steps", 10'000}, {"progress", i / 1e4}, {"epoch", 0}});
  }
  const auto began = std::chrono::steady_clock::now();
  const Rehearsal all = policy.rehearse("step", kEmpty, runs);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(all.answers.size(), 10'000u);
  EXPECT_EQ(all.state, Json({{"n", 10'000}}));
  EXPECT_LT(took.count(), 0.5);
  RecordProperty("milliseconds", static_cast<int>(took.count() * 1000));
}

TEST(PolicyProcess, CountsTheFailingSnapshotFromTheBeginningOfTheList) {
  PolicyProcess policy(source(with_step("if run.step == 9000 then error('there') end")), options());
  Json runs = Json::array();
  for (int i = 1; i <= 9500; ++i) { runs.push_back({{"step", i}}); }
  const Rehearsal all = policy.rehearse("step", kEmpty, runs);
  ASSERT_TRUE(all.failure);
  EXPECT_EQ(all.failure->index, 8999u);
  EXPECT_EQ(all.answers.size(), 8999u);
}

TEST(PolicyProcess, KeepsItsMemoryOverTwentyThousandCalls) {
  LR_SKIP_UNDER_SANITIZER();
  PolicyProcess policy(source(with_step("state.n = (state.n or 0) + 1\n"
                                        "return { lr = 1e-4, text = ('x'):rep(run.step % 100) }")),
                       options());
  Json state = kEmpty;
  size_t early = 0;
  for (int i = 1; i <= 20'000; ++i) {
    state = policy.decide("step", state, {{"step", i}, {"loss", 0.5}}).state;
    if (i == 2'000) { early = resident_kilobytes(policy.pid()); }
  }
  EXPECT_EQ(state["n"], 20'000);
  EXPECT_LT(resident_kilobytes(policy.pid()), early + 2'000);
}

TEST(PolicyProcess, LeavesNoProcessBehind) {
  pid_t pid = 0;
  {
    PolicyProcess policy(source(with_step("return {}")), options());
    pid = policy.pid();
    EXPECT_TRUE(is_alive(pid));
  }
  EXPECT_FALSE(is_alive(pid));
}

TEST(PolicyProcess, DiesWithTheProgramThatStartedIt) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t trainer = fork();
  if (trainer == 0) {
    PolicyProcess policy(source(with_step("return {}")), options());
    const pid_t pid = policy.pid();
    const ssize_t written = write(ends[1], &pid, sizeof pid);
    kill(pid, SIGSTOP);  // it cannot notice the closed socket
    raise(written > 0 ? SIGKILL : SIGTERM);
  }
  pid_t pid = 0;
  ASSERT_EQ(read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  waitpid(trainer, nullptr, 0);
  const std::string status = "/proc/" + std::to_string(pid) + "/stat";
  std::string state = "gone";
  for (int i = 0; i < 200; ++i) {
    std::ifstream file(status);
    if (!(file >> state >> state >> state) || state == "Z") { break; }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    state = "alive";
  }
  EXPECT_NE(state, "alive");
}

TEST(PolicyProcess, SaysThatItsProgramIsMissing) {
  ProcessOptions missing;
  missing.program = "/nowhere/lorarun-policy";
  try {
    PolicyProcess policy(source(with_step("return {}")), missing);
    FAIL();
  } catch (const Error& error) { EXPECT_THAT(error.what(), HasSubstr("/nowhere/lorarun-policy")); }
}

TEST(Wall, ReportsWhatHolds) {
  const Json report = wall_report(kProgram);
  EXPECT_EQ(report["process"], true);
  EXPECT_EQ(report["limits"], true) << report;
  EXPECT_EQ(report["no_new_privileges"], true);
  EXPECT_TRUE(report["landlock"] != 0 || report.contains("why_no_landlock"));
  EXPECT_TRUE(report["seccomp"] == true || report.contains("why_no_seccomp"));
}

}  // namespace
}  // namespace lorarun::policy
