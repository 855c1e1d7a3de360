// Numbers from kohya's sd-scripts (model_util.py, train_util.py), computed with them.

#include "runtime/data/bucket.h"

#include <gtest/gtest.h>

namespace lorarun::data {
namespace {

const Bucketer& wide() {
  static const Bucketer bucketer(
      {.resolution_px = 1024, .min_px = 256, .max_px = 2048, .step_px = 64});
  return bucketer;
}

TEST(Bucketer, ListsTheSizesOfKohya) {
  EXPECT_EQ(wide().sizes().size(), 41U);
  const Bucketer narrow({.resolution_px = 1024, .min_px = 256, .max_px = 1024, .step_px = 64});
  EXPECT_EQ(narrow.sizes().size(), 25U);
}

TEST(Bucketer, ChoosesTheNearestShapeAndCoversIt) {
  const Fit wide_screen = wide().fit(1920, 1080);
  EXPECT_EQ(wide_screen.bucket, (Size{1344, 768}));
  EXPECT_EQ(wide_screen.scaled, (Size{1365, 768}));
  EXPECT_EQ(wide().fit(3000, 2000).bucket, (Size{1216, 832}));
  EXPECT_EQ(wide().fit(4032, 3024).bucket, (Size{1152, 896}));
  EXPECT_EQ(wide().fit(700, 1500).bucket, (Size{704, 1472}));
  EXPECT_EQ(wide().fit(5000, 1000).bucket, (Size{2048, 384}));
}

TEST(Bucketer, ScaledSizeAlwaysCoversTheBucket) {
  for (int64_t width = 65; width < 4000; width += 331) {
    for (int64_t height = 70; height < 4000; height += 287) {
      const Fit fit = wide().fit(width, height);
      EXPECT_GE(fit.scaled.width, fit.bucket.width) << width << "x" << height;
      EXPECT_GE(fit.scaled.height, fit.bucket.height) << width << "x" << height;
    }
  }
}

TEST(Bucketer, WithoutUpscalingSmallPicturesKeepTheirSize) {
  const Bucketer bucketer({.resolution_px = 1024, .step_px = 64, .no_upscale = true});
  EXPECT_EQ(bucketer.fit(800, 1200).bucket, (Size{768, 1152}));
  EXPECT_EQ(bucketer.fit(4032, 3024).bucket, (Size{1088, 832}));
  EXPECT_EQ(bucketer.fit(5000, 1000).bucket, (Size{2240, 448}));
}

TEST(Bucketer, SmallResolutionsHaveMoreThanTheSquare) {
  const Bucketer bucketer({.resolution_px = 128, .step_px = 32});
  EXPECT_EQ(bucketer.fit(128, 128).bucket, (Size{128, 128}));
  EXPECT_EQ(bucketer.fit(160, 128).bucket, (Size{128, 128}));
  EXPECT_EQ(bucketer.fit(300, 150).bucket, (Size{160, 96}));
}

}  // namespace
}  // namespace lorarun::data
