#include "runtime/text/charsmap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/text/spiece_file.h"

namespace lorarun {
namespace {

Charsmap micro_charsmap() {
  const auto path = std::filesystem::path(LORARUN_SOURCE_DIR) /
                    "tests/golden/micro_flux/tokenizer_2/spiece.model";
  return Charsmap(read_spiece_file(path).charsmap, path.string());
}

// Expected values: tokenizers 0.23.3, normalizers.Precompiled of the same table.
TEST(Charsmap, AppliesNfkcByGrapheme) {
  const Charsmap map = micro_charsmap();
  EXPECT_EQ(map.normalize("ﬁ ＡＢ ①"), "fi AB 1");
  EXPECT_EQ(map.normalize("e\u0301"), "é");
  EXPECT_EQ(map.normalize("ﬁ\u0301"), "fi");  // the shortest match stands for the whole grapheme
}

TEST(Charsmap, TurnsWhiteSpaceIntoSpacesAndDropsControls) {
  const Charsmap map = micro_charsmap();
  EXPECT_EQ(map.normalize("a\tb\r\nc\u3000d"), "a b c d");
  EXPECT_EQ(map.normalize("a\x01\u00ad"
                          "b"),
            "a\u00ad"
            "b");
}

TEST(Charsmap, ChangesNothingWhenThereIsNone) {
  EXPECT_EQ(Charsmap().normalize("ﬁ\t"), "ﬁ\t");
  EXPECT_EQ(Charsmap("", "spiece.model").normalize("ﬁ"), "ﬁ");
}

TEST(Charsmap, RefusesALayoutThatDoesNotFit) {
  for (const std::string bytes : {"\x01", "\xFF\xFF\xFF\x7F____", "\x04\x00\x00\x00__"}) {
    EXPECT_THROW(Charsmap(bytes, "spiece.model"), Error);
  }
}

}  // namespace
}  // namespace lorarun
