// BMP by stb_image, which takes missing bytes for zeros: the file's size is checked here first.

#include <cstdlib>
#include <cstring>
#include <memory>

#include "runtime/io/codecs.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace lorarun {
namespace {

constexpr size_t kFileHeadBytes = 14, kOldHeaderBytes = 12, kInfoHeaderBytes = 40;
constexpr size_t kHeaderWithAlphaBytes =
    56;  // from BITMAPV3INFOHEADER on the mask of alpha is stored

template <typename Number>
Number little_endian(std::string_view bytes, size_t at) {
  Number value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct BmpHeader {
  int64_t width = 0, height = 0;
  uint32_t pixels_at = 0, header_bytes = 0, compression = 0;
  int bits = 0;
};

BmpHeader header_of(std::string_view bytes) {
  if (bytes.size() < kFileHeadBytes + kOldHeaderBytes) { throw truncated_picture(); }
  BmpHeader header;
  header.pixels_at = little_endian<uint32_t>(bytes, 10);
  header.header_bytes = little_endian<uint32_t>(bytes, 14);
  if (header.header_bytes == kOldHeaderBytes) {
    header.width = little_endian<uint16_t>(bytes, 18);
    header.height = little_endian<uint16_t>(bytes, 20);
    header.bits = little_endian<uint16_t>(bytes, 24);
    return header;
  }
  if (bytes.size() < kFileHeadBytes + kInfoHeaderBytes) { throw truncated_picture(); }
  header.width = little_endian<int32_t>(bytes, 18);
  header.height =
      std::abs(int64_t{little_endian<int32_t>(bytes, 22)});  // negative: rows from the top
  header.bits = little_endian<uint16_t>(bytes, 28);
  header.compression = little_endian<uint32_t>(bytes, 30);
  return header;
}

void check_complete(const BmpHeader& header, std::string_view bytes) {
  const int64_t row_bytes = (header.width * header.bits + 31) / 32 * 4;
  const int64_t expected = header.pixels_at + row_bytes * header.height;
  if (static_cast<int64_t>(bytes.size()) < expected) {
    throw truncated_picture(std::to_string(bytes.size()) + " of " + std::to_string(expected) +
                            " bytes");
  }
}

bool matches(std::string_view bytes) {
  return bytes.starts_with("BM");
}

PictureHeader probe(std::string_view bytes) {
  const BmpHeader header = header_of(bytes);
  check_size(header.width, header.height);
  return {static_cast<int>(header.width), static_cast<int>(header.height), 1};
}

struct Free {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

Pixels decode(std::string_view bytes) {
  const BmpHeader header = header_of(bytes);
  check_size(header.width, header.height);
  check_complete(header, bytes);
  Pixels pixels;
  pixels.has_alpha = header.bits == 32 && header.header_bytes >= kHeaderWithAlphaBytes;
  int stored = 0;
  const std::unique_ptr<stbi_uc, Free> data(stbi_load_from_memory(
      reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()), &pixels.width,
      &pixels.height, &stored, pixels.channels()));
  if (!data) {
    throw broken_picture(std::string("stb_image says '") + stbi_failure_reason() + "'");
  }
  const int64_t count = int64_t{pixels.width} * pixels.height * pixels.channels();
  pixels.bytes.assign(data.get(), data.get() + count);
  return pixels;
}

}  // namespace

extern const Codec kBmpCodec = {"bmp", matches, probe, decode};

}  // namespace lorarun
