#include "runtime/base/worker_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lorarun {

int core_count() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) { return 1; }
  return std::max(1, CPU_COUNT(&allowed));
}

void parallel_for(int64_t n, const std::function<void(int64_t)>& body) {
  std::atomic<int64_t> next{0};
  std::mutex guard;
  std::exception_ptr first;
  const auto work = [&] {
    for (int64_t i = next++; i < n; i = next++) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(guard);
        if (!first) { first = std::current_exception(); }
        next = n;
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int64_t i = 1; i < std::min<int64_t>(n, core_count()); ++i) { threads.emplace_back(work); }
  work();
  threads.clear();
  if (first) { std::rethrow_exception(first); }
}

}  // namespace lorarun
