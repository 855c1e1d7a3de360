#include "runtime/io/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "tests/io/places.h"

namespace lorarun {
namespace {

template <typename Number>
Number number_at(std::string_view bytes, size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// The mask that TensorFlow puts over its sums.
uint32_t masked(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

// The records of the only event file in a folder, with their sums checked.
std::vector<std::string> records_in(const fs::path& folder) {
  const std::string all = read_text(fs::directory_iterator(folder)->path());
  std::vector<std::string> records;
  for (size_t at = 0; at < all.size();) {
    const auto length = number_at<uint64_t>(all, at);
    EXPECT_EQ(number_at<uint32_t>(all, at + 8), masked(crc32c(all.substr(at, 8))));
    records.push_back(all.substr(at + 12, length));
    EXPECT_EQ(number_at<uint32_t>(all, at + 12 + length), masked(crc32c(records.back())));
    at += 16 + length;
  }
  return records;
}

TEST(Tensorboard, SumsAreCrc32cOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Tensorboard, AFileBeginsWithItsVersion) {
  const Scratch scratch;
  { const TensorboardFile file(scratch.path()); }
  const std::vector<std::string> records = records_in(scratch.path());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].substr(0, 1), "\x09");  // field 1, a double: the wall time
  EXPECT_GT(number_at<double>(records[0], 1), 1.6e9);
  EXPECT_EQ(records[0].substr(9),
            "\x1A\x0D"
            "brain.Event:2");  // field 3, 13 bytes
}

TEST(Tensorboard, AScalarIsStepTagAndFloat) {
  const Scratch scratch;
  { TensorboardFile(scratch.path()).scalar(300, "loss", 0.5); }
  const std::vector<std::string> records = records_in(scratch.path());
  ASSERT_EQ(records.size(), 2U);
  // step 300 as varint; summary 5 {value 1 {tag 1, simple_value 2}}
  const std::string expected("\x10\xAC\x02\x2A\x0D\x0A\x0B\x0A\x04loss\x15\x00\x00\x00\x3F", 18);
  EXPECT_EQ(records[1].substr(9), expected);
}

TEST(Tensorboard, APictureCarriesItsSizeAndPng) {
  const Scratch scratch;
  { TensorboardFile(scratch.path()).picture(1, "s", 7, 5, {'P', 'N', 'G'}); }
  const std::vector<std::string> records = records_in(scratch.path());
  ASSERT_EQ(records.size(), 2U);
  // image 4 {height 1, width 2, colorspace 3, encoded 4}
  EXPECT_NE(records[1].find("\x22\x0B\x08\x05\x10\x07\x18\x03\x22\x03PNG"), std::string::npos);
}

TEST(Tensorboard, ARestartTellsViewersWhatToForget) {
  const Scratch scratch;
  { TensorboardFile(scratch.path()).forget_from(4); }
  const std::vector<std::string> records = records_in(scratch.path());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].substr(9), "\x10\x04\x3A\x02\x08\x01");  // session_log 7 {status 1: START}
}

}  // namespace
}  // namespace lorarun
