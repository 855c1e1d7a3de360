#include "runtime/io/resample.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>

#include "runtime/io/safetensors.h"
#include "tests/io/places.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

Image image_of(const TensorView& view) {
  Image image = make_image(static_cast<int>(view.shape[1]), static_cast<int>(view.shape[0]));
  std::memcpy(image.rgb.data(), view.data, view.bytes);
  return image;
}

TEST(Resample, EqualsPillowToTheLastBit) {
  const auto file = SafetensorsFile::open(golden("resample.safetensors"));
  int compared = 0;
  for (const TensorView& view : file->tensors()) {
    char filter[16] = "", source[16] = "", target[16] = "";
    if (std::sscanf(view.name.c_str(), "output/%15[^/]/%15[^/]/%15s", filter, source, target) !=
        3) {
      continue;
    }
    SCOPED_TRACE(view.name);
    const Image input = image_of(*file->find(std::string("input/") + source));
    const Image expected = image_of(view);
    const Image got = resample(input, expected.width, expected.height, filter_from_name(filter));
    EXPECT_EQ(got.rgb, expected.rgb);
    ++compared;
  }
  EXPECT_EQ(compared, 126);
}

Image ramp(int width, int height) {
  Image image = make_image(width, height);
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<uint8_t>(i * 37 + i / 7);
  }
  return image;
}

TEST(Resample, OfTheSameSizeChangesNothing) {
  const Image image = ramp(9, 5);
  EXPECT_EQ(resample(image, 9, 5, Filter::lanczos).rgb, image.rgb);
}

TEST(Resample, OfABoxOnPixelEdgesIsACropForTheBoxFilter) {
  const Image image = ramp(20, 12);
  EXPECT_EQ(resample(image, 8, 6, Filter::box, {3, 2, 11, 8}).rgb, crop(image, 3, 2, 8, 6).rgb);
}

TEST(Resample, IsTheSameOnLargePicturesThatAreSplitOverThreads) {
  const Image image = ramp(700, 500);
  const Image whole = resample(image, 300, 200, Filter::bicubic);
  const Image part = resample(image, 300, 10, Filter::bicubic, {0, 0, 700, 25});
  EXPECT_TRUE(std::equal(part.at(0, 0), part.at(0, 8), whole.at(0, 0)));
}

TEST(Resample, KeepsAFlatColour) {
  const Image flat = make_image(50, 40, {12, 200, 77});
  for (const Filter filter :
       {Filter::box, Filter::bilinear, Filter::hamming, Filter::bicubic, Filter::lanczos}) {
    EXPECT_EQ(resample(flat, 33, 61, filter).rgb, make_image(33, 61, {12, 200, 77}).rgb);
  }
}

TEST(Resample, RefusesATargetWithoutPixelsAndABoxOutside) {
  const Image image = ramp(4, 4);
  EXPECT_THAT(error_of([&] { resample(image, 0, 4, Filter::box); }), HasSubstr("0 x 4 px"));
  EXPECT_THAT(error_of([&] {
                resample(image, 2, 2, Filter::box, {0, 0, 5, 4});
              }),
              HasSubstr("leaves the picture"));
  EXPECT_THAT(error_of([&] {
                resample(image, 2, 2, Filter::box, {2, 0, 2, 4});
              }),
              HasSubstr("is empty"));
}

TEST(Resample, SuggestsTheFilterThatWasMeant) {
  EXPECT_EQ(filter_from_name("lanczos"), Filter::lanczos);
  EXPECT_THAT(error_of([] { filter_from_name("lanczso"); }), HasSubstr("did you mean 'lanczos'?"));
}

TEST(Crop, TakesTheNamedPixelsOrRefuses) {
  const Image image = ramp(6, 5);
  const Image part = crop(image, 2, 1, 3, 2);
  EXPECT_EQ(part.width, 3);
  EXPECT_TRUE(std::equal(part.at(0, 1), part.at(0, 1) + 9, image.at(2, 2)));
  EXPECT_THAT(error_of([&] { crop(image, 4, 0, 3, 1); }),
              HasSubstr("cannot cut 3 x 1 px at (4, 0) out of 6 x 5"));
}

TEST(FlipHorizontal, MirrorsAndTwiceIsNothing) {
  const Image image = ramp(7, 3);
  const Image flipped = flip_horizontal(image);
  EXPECT_TRUE(std::equal(flipped.at(0, 1), flipped.at(1, 1), image.at(6, 1)));
  EXPECT_EQ(flip_horizontal(flipped).rgb, image.rgb);
}

}  // namespace
}  // namespace lorarun
