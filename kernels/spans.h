// Elementwise work over long spans: cut into chunks, one thread each.

#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/base/worker_pool.h"

namespace lorarun {

constexpr int64_t kSpanChunk = int64_t{1}
                               << 16;  // elements: below this a thread costs more than it saves

// Calls body(begin, end) for parts that together are [0, n).
template <typename Body>
void parallel_chunks(int64_t n, const Body& body) {
  parallel_for((n + kSpanChunk - 1) / kSpanChunk, [&](int64_t chunk) {
    body(chunk * kSpanChunk, std::min(n, (chunk + 1) * kSpanChunk));
  });
}

}  // namespace lorarun
