// Pictures as people have them -> 8-bit sRGB as models want them.
//
//   file --magic bytes--> jpeg | png | webp | bmp decoder --> pixels as stored
//        --ICC profile to sRGB, gray / CMYK / 16 bits to RGB 8, alpha over a colour-->
//        --EXIF orientation--> Image
//
// A picture is known by its first bytes, never by its extension.  A broken or
// hostile file ends in an Error that names what is wrong, never in a crash.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun {

constexpr int64_t kMaxSidePx = 20'000;
constexpr int64_t kMaxAreaPx = 400'000'000;

struct Colour {
  uint8_t r = 255, g = 255, b = 255;
};

// rgb holds height * width * 3 bytes, row-major.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;

  uint8_t* at(int x, int y) { return rgb.data() + (int64_t{y} * width + x) * 3; }
  const uint8_t* at(int x, int y) const { return rgb.data() + (int64_t{y} * width + x) * 3; }
};

// An image of one colour.
Image make_image(int width, int height, Colour colour = {});

struct ImageInfo {
  int width = 0, height = 0;  // as seen: after EXIF orientation
  std::string format;         // "jpeg", "png", "webp", "bmp"
};

// Reads the header only.  Throws Error as load_image does; broken pixels go unnoticed here.
ImageInfo probe_image(const fs::path& path);

// Gives the whole picture; transparent pixels are laid over `behind`.
// Throws Error: unknown format, truncated or broken data, no pixels, sides over kMaxSidePx.
Image load_image(const fs::path& path, Colour behind = {});

// The same of bytes in memory; `place` is for error texts.
ImageInfo probe_image(std::string_view bytes, const std::string& place);
Image load_image(std::string_view bytes, const std::string& place, Colour behind = {});

// PNG of an image, with text chunks (tEXt for Latin-1 texts, iTXt for others).
// compression: zlib's level, 0 to 9.
std::vector<uint8_t> encode_png(const Image& image,
                                const std::map<std::string, std::string>& text = {},
                                int compression = 6);
void save_png(const fs::path& path, const Image& image,
              const std::map<std::string, std::string>& text = {});

// The text chunks of a PNG, as UTF-8; A1111's settings are under "parameters".
std::map<std::string, std::string> png_text(const fs::path& path);

}  // namespace lorarun
