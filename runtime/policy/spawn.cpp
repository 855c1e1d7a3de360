#include "runtime/policy/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/error.h"

namespace lorarun::policy {

namespace fs = std::filesystem;

namespace {

constexpr int kSocketOfChild = 3;

fs::path beside_this_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path() / "lorarun-policy";
}

// "/proc/self/fd/N" of the program, which works after its file was replaced.
std::string lasting_path(const fs::path& program) {
  static std::map<fs::path, int> opened;
  const auto known = opened.find(program);
  if (known != opened.end()) { return "/proc/self/fd/" + std::to_string(known->second); }
  const int low = ::open(program.c_str(), O_PATH | O_CLOEXEC);
  const int fd = fcntl(low, F_DUPFD_CLOEXEC, kSocketOfChild + 1);  // out of the way of the socket
  close(low);
  if (fd < 0) {
    throw Error("the policy program is missing")
        .where(program.string())
        .fix("build the target lorarun-policy, or install it beside lorarun");
  }
  opened[program] = fd;
  return "/proc/self/fd/" + std::to_string(fd);
}

// Own process group: Ctrl-C in the terminal is for the trainer, which still wants decisions.
void set_attributes(posix_spawnattr_t* attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_init(attributes);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setflags(attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

// Nothing of the environment but the loader's path: it may hold secrets.
std::vector<std::string> environment() {
  std::vector<std::string> kept;
  if (const char* path = std::getenv("LD_LIBRARY_PATH")) {
    kept.push_back(std::string("LD_LIBRARY_PATH=") + path);
  }
  return kept;
}

std::vector<char*> pointers(std::vector<std::string>* texts) {
  std::vector<char*> list;
  for (std::string& text : *texts) { list.push_back(text.data()); }
  list.push_back(nullptr);
  return list;
}

int spawn(const std::string& path, int socket, pid_t* pid) {
  posix_spawnattr_t attributes;
  set_attributes(&attributes);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, kSocketOfChild);
  std::vector<std::string> words = {"lorarun-policy", std::to_string(getpid())};
  std::vector<std::string> kept = environment();
  const int failed = posix_spawn(pid, path.c_str(), &actions, &attributes, pointers(&words).data(),
                                 pointers(&kept).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

}  // namespace

Child start_policy_program(const fs::path& program) {
  const fs::path chosen = program.empty() ? beside_this_program() : program;
  const std::string path = lasting_path(chosen);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw Error("no socket for the policy process: " + std::string(std::strerror(errno)))
        .while_working();
  }
  Child child = {0, ends[0]};
  const int failed = spawn(path, ends[1], &child.pid);
  close(ends[1]);
  if (failed == 0) { return child; }
  close(ends[0]);
  throw Error("the policy process did not start: " + std::string(std::strerror(failed)))
      .where(chosen.string())
      .while_working();
}

}  // namespace lorarun::policy
