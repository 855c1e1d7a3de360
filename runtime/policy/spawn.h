// Starts lorarun-policy: a fresh program with one socket and an empty environment.

#pragma once

#include <sys/types.h>

#include <filesystem>

namespace lorarun::policy {

struct Child {
  pid_t pid;
  int socket;
};

// An empty `program` means lorarun-policy beside this program.  It is opened once and kept, so that
// a run goes on with the program it began with when a build replaces the file.
// Throws Error when it cannot be started.
Child start_policy_program(const std::filesystem::path& program);

}  // namespace lorarun::policy
