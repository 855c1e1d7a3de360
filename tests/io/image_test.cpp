#include "runtime/io/image.h"

#include <gmock/gmock.h>

#include <cstring>

#include "runtime/base/json.h"
#include "runtime/io/safetensors.h"
#include "tests/io/places.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

// What every picture of the folder should give.
const Json& expectations() {
  static const Json all = read_json(golden("images/expected.json"));
  return all;
}

// The largest difference to the golden pixels of this name.
int worst_difference(const Image& image, const std::string& name) {
  static const auto expected = SafetensorsFile::open(golden("images/expected.safetensors"));
  const TensorView* view = expected->find(name);
  if (view == nullptr || view->bytes != image.rgb.size()) { return 256; }
  int worst = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    worst = std::max(worst, std::abs(int{image.rgb[i]} - static_cast<int>(view->data[i])));
  }
  return worst;
}

TEST(LoadImage, EqualsPillowWithinTheToleranceOfTheFormat) {
  for (const auto& [name, about] : expectations().items()) {
    if (about.contains("error")) { continue; }
    SCOPED_TRACE(name);
    const Image image = load_image(golden("images/" + name));
    EXPECT_EQ(image.width, about["size"][0]);
    EXPECT_EQ(image.height, about["size"][1]);
    EXPECT_LE(worst_difference(image, name), about["tolerance"].get<int>());
  }
}

TEST(LoadImage, LaysTransparentPixelsOverTheColour) {
  const Image image = load_image(golden("images/rgba.png"), {10, 200, 30});
  EXPECT_LE(worst_difference(image, "rgba.png@10,200,30"), 1);
}

TEST(LoadImage, NamesWhatIsWrongWithABrokenFile) {
  for (const auto& [name, about] : expectations().items()) {
    if (!about.contains("error")) { continue; }
    SCOPED_TRACE(name);
    const std::string error = error_of([&] { load_image(golden("images/" + name)); });
    EXPECT_THAT(error, AllOf(HasSubstr(name == "text.png" ? "no picture" : "ends too early"),
                             HasSubstr("images/" + name)));
  }
}

TEST(ProbeImage, AgreesWithLoadingOnSizeAndFormat) {
  for (const auto& [name, about] : expectations().items()) {
    if (about.contains("error")) { continue; }
    SCOPED_TRACE(name);
    const ImageInfo info = probe_image(golden("images/" + name));
    EXPECT_EQ(info.width, about["size"][0]);
    EXPECT_EQ(info.height, about["size"][1]);
    EXPECT_EQ(info.format, name == "jpeg_inside.png" ? "jpeg"
                           : name.ends_with(".jpg")
                               ? "jpeg"
                               : fs::path(name).extension().string().substr(1));
  }
}

TEST(LoadImage, NamesForeignFormats) {
  const auto of = [](std::string_view bytes) {
    return error_of([&] { load_image(bytes, "x.png"); });
  };
  EXPECT_THAT(of("GIF89a......"), HasSubstr("this is a GIF"));
  EXPECT_THAT(of(std::string_view("II*\0....", 8)), HasSubstr("a TIFF"));
  EXPECT_THAT(of(std::string_view("\0\0\0\x1c"
                                  "ftypavif....",
                                  16)),
              HasSubstr("an AVIF"));
  EXPECT_THAT(of("<!DOCTYPE html>"), HasSubstr("a web page"));
  EXPECT_THAT(of("....."),
              AllOf(HasSubstr("no known format"), HasSubstr("read are: jpeg, png, webp, bmp")));
}

// A PNG header that promises this size.
std::string png_head(uint32_t width, uint32_t height) {
  std::string bytes("\x89PNG\r\n\x1A\n\0\0\0\rIHDR", 16);
  for (const uint32_t side : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) { bytes += static_cast<char>(side >> shift); }
  }
  return bytes + std::string("\x08\x02\0\0\0....", 9);
}

TEST(ProbeImage, RefusesSidesAndAreasBeyondTheLimits) {
  const auto of = [](uint32_t w, uint32_t h) {
    return error_of([&] { probe_image(png_head(w, h), "x"); });
  };
  EXPECT_EQ(of(20'000, 20'000), "");
  EXPECT_THAT(of(20'001, 1),
              HasSubstr("too large: 20001 x 1 px; at most 20000 px a side and 400 million"));
  EXPECT_THAT(of(2'000'000'000, 2'000'000'000), HasSubstr("too large"));
  EXPECT_THAT(of(0, 5), HasSubstr("no pixels"));
}

TEST(LoadImage, AppliesEveryOrientation) {
  const Image plain = load_image(golden("images/orientation_1.jpg"));
  for (int orientation = 2; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const Image image =
        load_image(golden("images/orientation_" + std::to_string(orientation) + ".jpg"));
    EXPECT_EQ(image.width, orientation >= 5 ? plain.height : plain.width);
  }
}

Image gradient(int width, int height) {
  Image image = make_image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* rgb = image.at(x, y);
      rgb[0] = static_cast<uint8_t>(x * 7), rgb[1] = static_cast<uint8_t>(y * 5),
      rgb[2] = static_cast<uint8_t>(x * y);
    }
  }
  return image;
}

TEST(SavePng, ComesBackBitEqualWithItsTexts) {
  const Scratch scratch;
  const Image image = gradient(37, 21);
  const std::map<std::string, std::string> text = {{"parameters", "a photo\nSteps: 28, Seed: 42"},
                                                   {"Title", "gr\xC3\xBC\xC3\x9F \xE6\x97\xA5"}};
  save_png(scratch / "x.png", image, text);
  EXPECT_EQ(load_image(scratch / "x.png").rgb, image.rgb);
  EXPECT_EQ(png_text(scratch / "x.png"), text);
}

TEST(SavePng, RefusesAKeyThatPngForbids) {
  EXPECT_THAT(error_of([] {
                encode_png(make_image(1, 1), {{"", "x"}});
              }),
              HasSubstr("cannot be the key"));
  EXPECT_THAT(error_of([] {
                encode_png(make_image(1, 1), {{std::string(80, 'k'), "x"}});
              }),
              HasSubstr("cannot be the key"));
}

TEST(PngText, RefusesAnotherFormat) {
  EXPECT_THAT(error_of([] { png_text(golden("images/gray.jpg")); }), HasSubstr("not a PNG"));
}

}  // namespace
}  // namespace lorarun
