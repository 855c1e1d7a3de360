#include "runtime/base/hash.h"

#include <gtest/gtest.h>

#include "tests/base/scratch.h"

namespace lorarun {
namespace {

// FIPS 180-2, appendix B.
constexpr const char* kHashOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, GivesTheKnownAnswers) {
  EXPECT_EQ(sha256_hex("abc"), kHashOfAbc);
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, AddsUpPieces) {
  EXPECT_EQ(Sha256().add("a").add("bc").hex(), kHashOfAbc);
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const Scratch scratch;
  write_atomically(scratch / "x", "abc");
  EXPECT_EQ(sha256_of_file(scratch / "x"), kHashOfAbc);
}

TEST(Fnv1a32, GivesTheKnownAnswers) {
  EXPECT_EQ(fnv1a32(""), 0x811C9DC5u);
  EXPECT_EQ(fnv1a32("a"), 0xE40C292Cu);
  EXPECT_EQ(fnv1a32("foobar"), 0xBF9CF968u);
}

}  // namespace
}  // namespace lorarun
