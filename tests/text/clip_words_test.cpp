#include "runtime/text/clip_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace lorarun {
namespace {

using ::testing::ElementsAre;

TEST(ClipWords, ComposesCollapsesSpaceAndLowersCase) {
  EXPECT_EQ(normalize_clip("Cafe\u0301 \t\n NOIR"), "café noir");
  EXPECT_EQ(normalize_clip("  a\u00A0\u3000b "), " a b ");
}

TEST(ClipWords, LowersEachCodePointByItself) {
  EXPECT_EQ(normalize_clip("\u0130"), "i\u0307");
  EXPECT_EQ(normalize_clip("ΟΔΟΣ"), "οδοσ");  // no final sigma
  EXPECT_EQ(normalize_clip("ẞ"), "ß");
}

TEST(ClipWords, SplitsLettersSingleDigitsAndPunctuation) {
  EXPECT_THAT(split_clip_words("it's 25 cats!?"), ElementsAre("it", "'s", "2", "5", "cats", "!?"));
  EXPECT_THAT(split_clip_words("they'll've'"), ElementsAre("they", "'ll", "'ve", "'"));
  EXPECT_THAT(split_clip_words("日本 ½"), ElementsAre("日本", "½"));
}

TEST(ClipWords, TakesANamedTokenApart) {
  EXPECT_THAT(split_clip_words("a<|endoftext|>!"), ElementsAre("a", "<|", "endoftext", "|>", "!"));
  EXPECT_THAT(split_clip_words("?<|endoftext|>!"), ElementsAre("?<|", "endoftext", "|>!"));
}

TEST(ClipWords, GivesEveryByteALetterOfItsOwn) {
  const std::set<std::string> letters(byte_letters().begin(), byte_letters().end());
  EXPECT_EQ(letters.size(), 256u);
  EXPECT_EQ(byte_letters()['a'], "a");
  EXPECT_EQ(byte_letters()[0], "Ā");
  EXPECT_EQ(byte_letters()[' '], "Ġ");
  EXPECT_EQ(bytes_of_letters().at("Ġ"), ' ');
  EXPECT_EQ(bytes_in_vocab_order()[0], '!');
  EXPECT_EQ(bytes_in_vocab_order()[255], 173);
}

}  // namespace
}  // namespace lorarun
