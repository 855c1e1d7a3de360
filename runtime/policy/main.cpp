// lorarun-policy: runs one recipe behind the wall and answers the trainer.
//
//   lorarun-policy PARENT_PID     with the socket to the trainer at descriptor 3
//
// Nobody starts it by hand.  The recipe runs on a thread with a large stack, so
// that what nests deeply inside LuaJIT ends in an error instead of a crash.

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "runtime/policy/serve.h"
#include "runtime/policy/wall.h"

namespace lorarun::policy {

namespace {

constexpr int kSocket = 3;
constexpr size_t kStackBytes = size_t{64} << 20;

void* live(void* report_pointer) {
  auto* report = static_cast<Json*>(report_pointer);
  raise_second_half(kSocket, report);
  serve(kSocket, *report);
  _exit(0);
}

bool is_started_by_hand() {
  return fcntl(kSocket, F_GETFD) < 0;
}

// Keeps nothing of what the trainer has open but the socket.
void close_the_rest() {
#if defined(SYS_close_range)
  if (syscall(SYS_close_range, kSocket + 1, ~0U, 0) == 0) { return; }
#endif
  for (int fd = kSocket + 1; fd < static_cast<int>(sysconf(_SC_OPEN_MAX)); ++fd) { close(fd); }
}

void point_standard_streams_nowhere() {
  const int nowhere = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) { dup2(nowhere, fd); }
  if (nowhere > kSocket) { close(nowhere); }
}

int run(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) { return 0; }  // it is gone already
  mallopt(M_ARENA_MAX, 1);                // a second arena reserves more than the limit allows
  close_the_rest();
  point_standard_streams_nowhere();
  WallLimits limits;
  limits.memory_bytes += kStackBytes;
  Json report = raise_first_half(limits);
  report["memory_bytes"] = WallLimits().memory_bytes;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, live, &report) != 0) { return 1; }
  pthread_join(thread, nullptr);
  return 0;
}

}  // namespace

}  // namespace lorarun::policy

int main(int count, char** words) {
  if (count != 2 || lorarun::policy::is_started_by_hand()) {
    std::fputs("lorarun-policy is started by lorarun, which gives it a socket\n", stderr);
    return 2;
  }
  return lorarun::policy::run(std::atoi(words[1]));
}
