#include "runtime/host/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

namespace lorarun::host {

namespace {

volatile std::sig_atomic_t received = 0;

void say(std::string_view text) {
  const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(written);
}

void remember(int signal_number) {
  if (received != 0) {
    say("\nstill finishing the step and saving; `kill -9` stops at once and loses what came after "
        "the last checkpoint\n");
    return;
  }
  received = signal_number;
  say("\nstopping: the step is finished and saved first\n");
}

}  // namespace

void stand_alone() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGCHLD, SIG_DFL);
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) { fd = open("/dev/null", O_RDWR); }  // the lowest free one
  if (fd >= 0) { close(fd); }
}

void catch_signals() {
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int pending_signal() {
  return received;
}

}  // namespace lorarun::host
