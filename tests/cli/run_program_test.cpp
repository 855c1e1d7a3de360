// What the other tests of the program rest on: none of them waits for ever.

#include "tests/cli/run_program.h"

#include <gtest/gtest-spi.h>

namespace lorarun::cli {
namespace {

pid_t start_shell(const Folder& folder, const std::string& line) {
  return start("/bin/sh", {"-c", line}, folder.path());
}

bool is_there(const std::string& pid) {
  return !words_of(std::stoi(pid)).empty();
}

TEST(RunProgram, FailsATestWhoseProgramHangsWithItsWordsAndItsLastOutput) {
  const Folder folder;
  const pid_t child = start_shell(folder, "echo waits for nobody; while :; do sleep 1; done");
  Outcome outcome;
  testing::TestPartResultArray failures;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    outcome = finish_program(child, folder.path(), Seconds(0.3));
  }
  ASSERT_EQ(failures.size(), 1);
  const std::string said = failures.GetTestPartResult(0).message();
  EXPECT_NE(said.find("hung: sh -c echo waits"), std::string::npos) << said;
  EXPECT_NE(said.find("\nwaits for nobody\n"), std::string::npos) << said;
  EXPECT_EQ(outcome.exit_code, 137);
}

TEST(RunProgram, KillsWhatAHungProgramStarted) {
  const Folder folder;
  const pid_t child = start_shell(folder, "sleep 1000 & echo $! > grandchild; wait");
  ASSERT_TRUE(eventually([&] { return !read_all(folder.path() / "grandchild").empty(); }));
  const std::string grandchild = read_all(folder.path() / "grandchild");
  EXPECT_TRUE(is_there(grandchild));
  kill_group(child);
  EXPECT_TRUE(eventually([&] { return !is_there(grandchild); }, Seconds(10)));
}

TEST(RunProgram, GivesTheExitCodeOrTheSignal) {
  const Folder folder;
  EXPECT_EQ(finish_program(start_shell(folder, "exit 7"), folder.path()).exit_code, 7);
  const Outcome killed = finish_program(start_shell(folder, "kill -KILL $$"), folder.path());
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_TRUE(killed.by_signal);
}

}  // namespace
}  // namespace lorarun::cli
