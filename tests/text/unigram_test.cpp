#include "runtime/text/unigram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lorarun {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Unigram, TakesTheLikeliestCut) {
  const Unigram model({{"<unk>", 0}, {"a", -1}, {"b", -1}, {"ab", -1.5f}, {"abc", -9}, {"c", -2}},
                      0);
  EXPECT_THAT(model.segment("abc"), ElementsAre(3, 5));  // -3.5 beats -4 and -9
  EXPECT_THAT(model.segment(""), IsEmpty());
}

TEST(Unigram, KeepsTheLongestLastPieceAtEqualSums) {
  const Unigram model({{"<unk>", 0}, {"-", -1}, {"--", -2}}, 0);
  EXPECT_THAT(model.segment("---"), ElementsAre(1, 2));
}

TEST(Unigram, GivesOneUnknownForARunOfThem) {
  const Unigram model({{"<unk>", 0}, {"a", -1}}, 0);
  EXPECT_THAT(model.segment("aé日a😀"), ElementsAre(1, 0, 1, 0));
}

}  // namespace
}  // namespace lorarun
