#include "runtime/render/pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"

namespace lorarun::render {
namespace {

TEST(ToImage, MapsMinusOneToBlackAndOneToWhiteAndClampsTheRest) {
  const std::vector<float> values = {-1.0F, 0.0F, 1.0F, -7.0F, 0.5F, 9.0F};  // r r g g b b
  const Image image = to_image(at::tensor(values).view({3, 1, 2}));
  EXPECT_EQ(image.width, 2);
  EXPECT_EQ(image.height, 1);
  EXPECT_THAT(image.rgb, testing::ElementsAre(0, 255, 191, 128, 0, 255));
}

TEST(ToImage, TakesAnyType) {
  const Image image = to_image(at::ones({3, 2, 2}, at::kBFloat16));
  EXPECT_THAT(image.rgb, testing::Each(255));
}

TEST(ToImage, RefusesABatch) {
  EXPECT_THROW(to_image(at::ones({1, 3, 2, 2})), Error);
}

}  // namespace
}  // namespace lorarun::render
