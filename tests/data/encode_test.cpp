// Encoding: how much of it is in the host's memory at once.

#include "runtime/data/encode.h"

#include <gtest/gtest.h>

namespace lorarun::data {
namespace {

// Items whose buckets are squares of these sides.
class Squares {
 public:
  explicit Squares(const std::vector<int64_t>& sides_px) : items_(sides_px.size()) {
    for (size_t i = 0; i < sides_px.size(); ++i) {
      items_[i].bucket_w = items_[i].bucket_h = sides_px[i];
      all_.push_back(&items_[i]);
    }
  }
  const std::vector<const Item*>& all() const { return all_; }

 private:
  std::vector<Item> items_;
  std::vector<const Item*> all_;
};

TEST(PicturesOfTurn, AreAsManyAsItsBytesHold) {
  const Squares many(std::vector<int64_t>(12, 1024));  // 12 MiB each
  EXPECT_EQ(pictures_of_turn(many.all(), 0), 5U);
  EXPECT_EQ(pictures_of_turn(many.all(), 10), 2U);
  EXPECT_EQ(pictures_of_turn(many.all(), 12), 0U);
}

TEST(PicturesOfTurn, AreOneWhereOneIsTooLarge) {
  const Squares large({64, 4096, 64, 64});
  EXPECT_EQ(pictures_of_turn(large.all(), 0), 1U);
  EXPECT_EQ(pictures_of_turn(large.all(), 1), 1U);
  EXPECT_EQ(pictures_of_turn(large.all(), 2), 2U);
}

TEST(PicturesOfTurn, DoNotGrowWithTheCoresOfTheMachine) {
  EXPECT_EQ(decoding_bytes(), 128 << 20);
}

}  // namespace
}  // namespace lorarun::data
