// SIGINT and SIGTERM: a flag that the training loop reads between steps; and what a
// program gets of its parent before it does anything else.

#pragma once

namespace lorarun::host {

// Makes a program independent of what started it, which may have blocked signals, ignored the end
// of children, or closed standard streams.  A signal that is only ignored stays so (nohup).  Call
// it first: threads inherit what is blocked, and an opened file takes the number of a closed
// stream.
void stand_alone();

// From now on the signals set a flag.  A second one says what is going on.
void catch_signals();

int pending_signal();  // SIGINT, SIGTERM, or 0

}  // namespace lorarun::host
