#include "runtime/io/npy.h"

#include <gtest/gtest.h>

#include "tests/io/places.h"

namespace lorarun {
namespace {

TEST(Npy, HeaderIsThatOfNumpy) {
  const std::string header = npy_header({2, 3, 3});
  EXPECT_EQ(header.size(), 128U);
  EXPECT_EQ(header.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(header.substr(10, 62),
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 3), }");
  EXPECT_EQ(header.back(), '\n');
}

TEST(Npy, ASingleSizeIsATuple) {
  EXPECT_NE(npy_header({7}).find("'shape': (7,), }"), std::string::npos);
}

TEST(Npy, DataFollowTheHeader) {
  const Scratch scratch;
  const std::vector<uint8_t> bytes = {'a', 'b', 'c'};
  write_npy(scratch / "x.npy", {1, 1, 3}, bytes);
  EXPECT_EQ(read_text(scratch / "x.npy").substr(128), "abc");
}

TEST(Npy, AnUnwritablePlaceIsNamedAndLeavesNothing) {
  const Scratch scratch;
  const std::vector<uint8_t> bytes = {1};
  const fs::path path = scratch.path() / "missing" / "x.npy";
  EXPECT_NE(error_of([&] { write_npy(path, {1}, bytes); }).find(path.string()), std::string::npos);
}

}  // namespace
}  // namespace lorarun
