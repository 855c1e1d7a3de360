// The list of system calls that a policy process may make.
//
// A classic BPF program, written here because the list is short: a look at the
// architecture, one comparison for each call, and the argument that matters
// where only one value is harmless.  Everything else kills the process, which
// the trainer sees as SIGSYS.

#pragma once

#include <string>

namespace lorarun::policy {

// For all threads of this process, for good.  Gives "" or why it does not hold.
std::string forbid_system_calls(int socket);

}  // namespace lorarun::policy
