// Where a running run can be reached, and who may.
//
//   ${XDG_RUNTIME_DIR}/lorarun/<hash>.sock     or  /tmp/lorarun-<uid>/<hash>.sock
//   ${XDG_RUNTIME_DIR}/lorarun/<hash>.json     {pid, folder, socket, started}
//   <run folder>/live.json                     the same
//
// <hash> is of the run folder's absolute path, because a socket's path holds at
// most 107 bytes.  Invariant: the folder of sockets belongs to this user and
// nobody else may enter it; what is otherwise is refused by name.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"

namespace lorarun::live {

namespace fs = std::filesystem;

struct Presence {
  pid_t pid = 0;
  fs::path folder;  // of the run, absolute
  fs::path socket;
  std::string started;  // UTC
};

// The folder of this user's sockets; made when missing.
// Throws Error when it is somebody else's or open to others.
fs::path socket_folder();

// The socket of a run folder, in socket_folder().
fs::path socket_of(const fs::path& run_folder);

// Throws Error unless `folder` belongs to this user and is closed to all others.
void expect_private(const fs::path& folder);

void write_presence(const Presence& presence);
void remove_presence(const Presence& presence);  // only what is this process's own

// Gives who works on a run folder, when that process lives.
std::optional<Presence> find_presence(const fs::path& run_folder);

// Gives all living runs of this user; files of dead ones are removed.
std::vector<Presence> list_presences();

}  // namespace lorarun::live
