#include "runtime/text/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"

namespace lorarun {
namespace {

using ::testing::HasSubstr;

std::string complaint(const std::string& text) {
  try {
    expect_utf8(text, "photos/a.txt");
  } catch (const Error& error) { return error.what(); }
  return "";
}

TEST(Utf8, AcceptsEveryLengthOfCodePoint) {
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(complaint("a é € 😀 \xF4\x8F\xBF\xBF"), "");
  EXPECT_EQ(complaint(std::string("a\0b", 3)), "");
}

TEST(Utf8, NamesPlaceByteAndOffset) {
  EXPECT_THAT(complaint("caf\xE9"), HasSubstr("byte 0xE9 at offset 3"));
  EXPECT_THAT(complaint("caf\xE9"), HasSubstr("at: photos/a.txt"));
  EXPECT_THAT(complaint("caf\xE9"), HasSubstr("iconv"));
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndTooLargeValues) {
  EXPECT_THAT(complaint("\xC0\xAF"), HasSubstr("0xC0 at offset 0"));
  EXPECT_THAT(complaint("x\xED\xA0\x80"), HasSubstr("0xED at offset 1"));
  EXPECT_THAT(complaint("\xF4\x90\x80\x80"), HasSubstr("0xF4 at offset 0"));
  EXPECT_THAT(complaint("abc\xE2\x82"), HasSubstr("0xE2 at offset 3"));
}

TEST(Utf8, TurnsIntoCodePointsAndBack) {
  EXPECT_EQ(to_code_points("aé😀"), (std::u32string{U'a', 0xE9, 0x1F600}));
  EXPECT_EQ(to_utf8(to_code_points("aé€😀")), "aé€😀");
}

}  // namespace
}  // namespace lorarun
