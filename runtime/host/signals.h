// SIGINT and SIGTERM: a flag that the training loop reads between steps.

#pragma once

namespace lorarun::host {

// From now on the signals set a flag.  A second one says what is going on.
void catch_signals();

int pending_signal();  // SIGINT, SIGTERM, or 0

}  // namespace lorarun::host
