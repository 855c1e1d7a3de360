#include "runtime/base/memory_size.h"

#include <gtest/gtest.h>

namespace lorarun {
namespace {

TEST(MemorySize, SpeaksAsNvidiaSmiDoes) {
  EXPECT_EQ(memory_size(25'553'797'120), "23.8 GiB");
  EXPECT_EQ(memory_size(340 << 20), "340 MiB");
  EXPECT_EQ(memory_size(3072), "3 KiB");
  EXPECT_EQ(memory_size(12), "12 bytes");
}

}  // namespace
}  // namespace lorarun
