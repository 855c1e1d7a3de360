#include "runtime/policy/wall.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "runtime/policy/seccomp.h"

namespace lorarun::policy {

namespace {

// ---- limits ----

[[maybe_unused]] size_t mapped_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t pages = 0;
  file >> pages;
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

bool limit(int what, rlim_t value) {
  const rlimit both = {value, value};
  return setrlimit(static_cast<__rlimit_resource>(what), &both) == 0;
}

bool set_limits(const WallLimits& limits) {
  bool all = limit(RLIMIT_CORE, 0);
  all &= limit(RLIMIT_FSIZE, 0);
  all &= limit(RLIMIT_CPU, limits.cpu_seconds);
#if !defined(__SANITIZE_ADDRESS__)  // a sanitizer maps terabytes
  all &= limit(RLIMIT_AS, mapped_bytes() + limits.memory_bytes);
#endif
  return all;
}

// After the last thread was made and the last file opened.
bool set_last_limits(int socket) {
#if !defined(__SANITIZE_ADDRESS__)  // a sanitizer opens pipes to try addresses
  if (!limit(RLIMIT_NOFILE, static_cast<rlim_t>(socket) + 1)) { return false; }
#endif
  return limit(RLIMIT_NPROC, 0);
}

// ---- Landlock (linux/landlock.h; written out, because older headers know less) ----

struct Ruleset {
  uint64_t files = 0, network = 0, scoped = 0;
};

constexpr long kCreateRuleset = 444, kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1;

int landlock_version() {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

// Every right that this version knows: none is granted.
Ruleset everything(int version) {
  Ruleset rules;
  rules.files = 0x1FFF;
  if (version >= 2) { rules.files |= 1u << 13; }  // rename across folders
  if (version >= 3) { rules.files |= 1u << 14; }  // truncate
  if (version >= 4) { rules.network = 0x3; }      // bind and connect TCP
  if (version >= 5) { rules.files |= 1u << 15; }  // ioctl of devices
  if (version >= 6) { rules.scoped = 0x3; }       // abstract sockets, signals to others
  return rules;
}

size_t ruleset_bytes(int version) {
  return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

// Gives the version that holds, or 0 with the reason.
int forbid_files(std::string* why_not) {
#if defined(__SANITIZE_ADDRESS__)
  *why_not = "this build has a sanitizer, which reads files of the kernel";
  return 0;
#endif
  const int version = landlock_version();
  const Ruleset rules = everything(version);
  const int fd = version == 0
                     ? -1
                     : static_cast<int>(syscall(kCreateRuleset, &rules, ruleset_bytes(version), 0));
  const bool holds = fd >= 0 && syscall(kRestrictSelf, fd, 0) == 0;
  if (!holds) { *why_not = std::string("the kernel says: ") + std::strerror(errno); }
  if (fd >= 0) { close(fd); }
  return holds ? version : 0;
}

}  // namespace

Json raise_first_half(const WallLimits& limits) {
  Json report = {{"process", true}, {"landlock", 0}, {"seccomp", false}};
  report["memory_bytes"] = limits.memory_bytes;
  report["limits"] = set_limits(limits);
  report["no_new_privileges"] = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  std::string why_not;
  report["landlock"] = forbid_files(&why_not);
  if (!why_not.empty()) { report["why_no_landlock"] = why_not; }
  return report;
}

void raise_second_half(int socket, Json* report) {
  (*report)["limits"] = set_last_limits(socket) && (*report)["limits"].get<bool>();
  const std::string why_not = forbid_system_calls(socket);
  (*report)["seccomp"] = why_not.empty();
  if (!why_not.empty()) { (*report)["why_no_seccomp"] = why_not; }
}

}  // namespace lorarun::policy
