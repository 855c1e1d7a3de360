#include "runtime/base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "runtime/base/clock.h"

namespace lorarun {
namespace {

TEST(ParallelFor, DoesEveryPartOnce) {
  std::vector<std::atomic<int>> done(1000);
  parallel_for(1000, [&](int64_t i) { ++done[i]; });
  for (const auto& count : done) { ASSERT_EQ(count, 1); }
  parallel_for(0, [](int64_t) { FAIL(); });
}

TEST(ParallelFor, RethrowsAfterAllThreadsHaveStopped) {
  EXPECT_THROW(parallel_for(100,
                            [](int64_t i) {
                              if (i == 50) { throw std::runtime_error("part 50"); }
                            }),
               std::runtime_error);
}

TEST(HumanDuration, ReadsLikeSpeech) {
  EXPECT_EQ(human_duration(12.2), "12 s");
  EXPECT_EQ(human_duration(200), "3 min 20 s");
  EXPECT_EQ(human_duration(3900), "1 h 05 min");
}

TEST(UtcNow, HasTheFormOfIso8601) {
  const std::string now = utc_now();
  ASSERT_EQ(now.size(), 24u);
  EXPECT_EQ(now[10], 'T');
  EXPECT_EQ(now[23], 'Z');
}

}  // namespace
}  // namespace lorarun
