// Work spread over threads: parallel_for for what must all be done before going on.

#pragma once

#include <cstdint>
#include <functional>

namespace lorarun {

// Cores this process may use (at least 1).
int core_count();

// Runs body(0) … body(n-1) on up to core_count() threads.  The first exception
// is rethrown here after all threads have stopped.
void parallel_for(int64_t n, const std::function<void(int64_t)>& body);

}  // namespace lorarun
