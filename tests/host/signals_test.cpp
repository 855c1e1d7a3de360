// What a program must not depend on: the state that its parent left it in.

#include "runtime/host/signals.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace lorarun::host {
namespace {

// True when `is_so` holds in a process of its own, whatever it does to it.
template <typename Condition>
bool in_a_process(Condition is_so) {
  const pid_t child = fork();
  if (child == 0) { _exit(is_so() ? 0 : 1); }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

TEST(StandAlone, HearsSignalsThatItsParentBlocked) {
  EXPECT_TRUE(in_a_process([] {
    sigset_t all, after;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    stand_alone();
    sigprocmask(SIG_SETMASK, nullptr, &after);
    return sigismember(&after, SIGTERM) == 0 && sigismember(&after, SIGINT) == 0;
  }));
}

TEST(StandAlone, LearnsHowItsChildrenEndAlthoughItsParentDidNotCare) {
  EXPECT_TRUE(in_a_process([] {
    signal(SIGCHLD, SIG_IGN);
    stand_alone();
    const pid_t child = fork();
    if (child == 0) { _exit(7); }
    int status = 0;
    return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
  }));
}

TEST(StandAlone, OpensNoFileInThePlaceOfAStandardStream) {
  EXPECT_TRUE(in_a_process([] {
    for (int fd = 0; fd <= 2; ++fd) { close(fd); }
    stand_alone();
    return open("/dev/null", O_RDONLY) > 2;
  }));
}

TEST(StandAlone, LeavesASignalIgnoredThatWasIgnored) {
  EXPECT_TRUE(in_a_process([] {
    signal(SIGHUP, SIG_IGN);
    stand_alone();
    return signal(SIGHUP, SIG_DFL) == SIG_IGN;
  }));
}

}  // namespace
}  // namespace lorarun::host
