// The wall itself: a process that stands behind it and tries everything that
// machine code could try after it broke out of Lua.

#include "runtime/policy/wall.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "tests/policy/source.h"

namespace lorarun::policy {
namespace {

// Runs `attack` behind the wall, with the halves that are asked for; gives how the process ended.
int status_behind_wall(const std::function<int()>& attack, bool seccomp) {
  const pid_t child = fork();
  if (child == 0) {
    Json report = raise_first_half({});
    if (seccomp) { raise_second_half(3, &report); }
    _exit(attack());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

int signal_behind_wall(const std::function<int()>& attack) {
  const int status = status_behind_wall(attack, true);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

class BehindTheWall : public ::testing::Test {
 protected:
  void SetUp() override { LR_SKIP_UNDER_SANITIZER(); }
};

TEST_F(BehindTheWall, LetsAProcessComputeAndEnd) {
  EXPECT_EQ(signal_behind_wall([] { return 0; }), 0);
  EXPECT_EQ(signal_behind_wall([] { return std::string(1 << 20, 'x').size() == 0 ? 1 : 0; }), 0);
}

TEST_F(BehindTheWall, KillsWhatOpensAFile) {
  EXPECT_EQ(signal_behind_wall([] { return open("/etc/passwd", O_RDONLY); }), SIGSYS);
}

TEST_F(BehindTheWall, KillsWhatOpensASocket) {
  EXPECT_EQ(signal_behind_wall([] { return socket(AF_INET, SOCK_STREAM, 0); }), SIGSYS);
}

TEST_F(BehindTheWall, KillsWhatStartsAProgram) {
  EXPECT_EQ(signal_behind_wall([] { return execl("/bin/true", "true", nullptr); }), SIGSYS);
  EXPECT_EQ(signal_behind_wall([] { return fork(); }), SIGSYS);
}

TEST_F(BehindTheWall, KillsWhatSendsASignal) {
  EXPECT_EQ(signal_behind_wall([] { return kill(getppid(), SIGTERM); }), SIGSYS);
}

TEST_F(BehindTheWall, KillsWhatWritesToTheTerminal) {
  EXPECT_EQ(signal_behind_wall([] { return static_cast<int>(write(2, "x", 1)); }), SIGSYS);
}

TEST_F(BehindTheWall, KillsWhatMakesMemoryExecutable) {
  const auto attack = [] {
    return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
  };
  EXPECT_EQ(signal_behind_wall(attack), SIGSYS);
}

TEST_F(BehindTheWall, LandlockAloneClosesTheFiles) {
  const int status = status_behind_wall(
      [] {
        const bool has_landlock = raise_first_half({})["landlock"] != 0;
        const bool opened = open("/etc/passwd", O_RDONLY) >= 0;
        return has_landlock ? (opened ? 1 : 0) : 77;
      },
      false);
  if (WEXITSTATUS(status) == 77) { GTEST_SKIP() << "this kernel has no Landlock"; }
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(BehindTheWall, GivesNoMoreMemoryThanItsLimit) {
  const auto attack = [] {
    return mmap(nullptr, size_t{1} << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? 0
               : 1;
  };
  const int status = status_behind_wall(attack, true);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace lorarun::policy
