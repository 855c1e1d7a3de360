// What a picture format gives: pixels as stored, and what to do with them.
//
// One file per format (decode_jpeg.cpp, …) and one line in image.cpp's table.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/io/image.h"

namespace lorarun {

enum class ColourSpace { gray, rgb, cmyk };

// Pixels as stored: 8 bits a channel, alpha last and not premultiplied.
// CMYK counts ink: 0 is none.
struct Pixels {
  int width = 0, height = 0;
  ColourSpace space = ColourSpace::rgb;
  bool has_alpha = false;
  std::vector<uint8_t> bytes;  // height * width * channels()
  std::string icc;             // the embedded colour profile, or empty
  int orientation = 1;         // EXIF: 1 to 8

  int colours() const { return space == ColourSpace::gray ? 1 : space == ColourSpace::rgb ? 3 : 4; }
  int channels() const { return colours() + (has_alpha ? 1 : 0); }
};

// The header: size as stored.
struct PictureHeader {
  int width = 0, height = 0, orientation = 1;
};

struct Codec {
  const char* name;
  bool (*matches)(std::string_view bytes);
  PictureHeader (*probe)(std::string_view bytes);
  Pixels (*decode)(std::string_view bytes);
};

extern const Codec kJpegCodec, kPngCodec, kWebpCodec, kBmpCodec;

// Throws Error for a picture without pixels or larger than the limits of image.h.
void check_size(int64_t width, int64_t height);

// "the picture is broken: <reason>" with the usual remedy.
Error broken_picture(const std::string& reason);
Error truncated_picture(const std::string& detail = "");

// The orientation in a TIFF block of EXIF data; 1 when there is none or it makes no sense.
int exif_orientation(std::string_view exif);

// Turns and mirrors an image so that orientation 1 would show it the same way.
Image apply_orientation(Image image, int orientation);

// Gives the colours as sRGB (alpha left out): by the profile when there is one that fits.  Pixels
// that are right as they are move over, and leave `pixels.bytes` empty; those with alpha stay.
Image colours_to_srgb(Pixels& pixels);

}  // namespace lorarun
