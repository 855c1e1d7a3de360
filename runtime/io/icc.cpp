// Colour profiles: whatever the file's colours mean, sRGB comes out.

#include <lcms2.h>

#include <algorithm>
#include <memory>

#include "runtime/io/codecs.h"

namespace lorarun {
namespace {

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
struct DeleteTransform {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};
using Profile = std::unique_ptr<void, CloseProfile>;
using Transform = std::unique_ptr<void, DeleteTransform>;

bool is_srgb(const Profile& profile) {
  char text[128] = "";
  cmsGetProfileInfoASCII(profile.get(), cmsInfoDescription, "en", "US", text, sizeof text);
  return std::string_view(text).find("sRGB") != std::string_view::npos;
}

bool fits(const Profile& profile, ColourSpace space) {
  const cmsColorSpaceSignature expected = space == ColourSpace::gray  ? cmsSigGrayData
                                          : space == ColourSpace::rgb ? cmsSigRgbData
                                                                      : cmsSigCmykData;
  return cmsGetColorSpace(profile.get()) == expected;
}

// Null: no profile, one that does not fit the pixels, or sRGB itself.
Transform transform_to_srgb(const Pixels& pixels) {
  if (pixels.icc.empty()) { return nullptr; }
  const Profile from(
      cmsOpenProfileFromMem(pixels.icc.data(), static_cast<cmsUInt32Number>(pixels.icc.size())));
  if (!from || !fits(from, pixels.space)) { return nullptr; }
  if (pixels.space == ColourSpace::rgb && is_srgb(from)) { return nullptr; }
  const Profile to(cmsCreate_sRGBProfile());
  const cmsUInt32Number layout = pixels.space == ColourSpace::gray  ? TYPE_GRAY_8
                                 : pixels.space == ColourSpace::rgb ? TYPE_RGB_8
                                                                    : TYPE_CMYK_8;
  const cmsUInt32Number extra = EXTRA_SH(pixels.has_alpha ? 1 : 0);
  return Transform(cmsCreateTransform(from.get(), layout | extra, to.get(), TYPE_RGB_8,
                                      INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE));
}

// a * b / 255, rounded
int scale_255(int a, int b) {
  return (a * b + 127) / 255;
}

// One pixel without a profile.
void plain_colour(const uint8_t* from, ColourSpace space, uint8_t* to) {
  if (space == ColourSpace::rgb) {
    std::copy_n(from, 3, to);
  } else if (space == ColourSpace::gray) {
    std::fill_n(to, 3, from[0]);
  } else {
    const int light = 255 - from[3];
    for (int c = 0; c < 3; ++c) { to[c] = static_cast<uint8_t>(light - scale_255(from[c], light)); }
  }
}

}  // namespace

Image colours_to_srgb(Pixels& pixels) {
  Image image;
  image.width = pixels.width;
  image.height = pixels.height;
  const Transform transform = transform_to_srgb(pixels);
  if (!transform && pixels.space == ColourSpace::rgb && !pixels.has_alpha) {
    image.rgb = std::move(pixels.bytes);
    return image;
  }
  image.rgb.resize(int64_t{pixels.width} * pixels.height * 3);
  const int channels = pixels.channels();
  for (int y = 0; y < pixels.height; ++y) {
    const uint8_t* from = pixels.bytes.data() + int64_t{y} * pixels.width * channels;
    uint8_t* to = image.at(0, y);
    if (transform) {
      cmsDoTransform(transform.get(), from, to, static_cast<cmsUInt32Number>(pixels.width));
      continue;
    }
    for (int x = 0; x < pixels.width; ++x) {
      plain_colour(from + int64_t{x} * channels, pixels.space, to + int64_t{x} * 3);
    }
  }
  return image;
}

}  // namespace lorarun
