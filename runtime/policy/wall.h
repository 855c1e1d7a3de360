// The second wall: what a policy process may ask of the kernel.
//
//   limits      memory, files, processes, core dumps, processor time
//   Landlock    no file may be opened, no TCP port used (kernel 5.13 or newer)
//   seccomp     a short list of system calls; any other one kills the process
//
// raise_first_half() stands before the thread that runs the recipe is made,
// raise_second_half() at the start of that thread: from then on the process can
// compute, use its memory, and talk over the one socket that it was given.
// What the kernel lacks is left out and said in the report.

#pragma once

#include "runtime/base/json.h"

namespace lorarun::policy {

struct WallLimits {
  size_t memory_bytes = size_t{256} << 20;  // on top of what the process has mapped by then
  unsigned cpu_seconds = 86400;
};

// Gives what holds: {"limits": true, "landlock": its version or 0, …}; what does not, with a
// reason: "why_no_landlock".
Json raise_first_half(const WallLimits& limits);

// Adds "seccomp": true or false to the report.  Reads and writes stay allowed on `socket` only.
void raise_second_half(int socket, Json* report);

}  // namespace lorarun::policy
