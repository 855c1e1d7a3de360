// EXIF: a TIFF directory of which only the tag "Orientation" matters here.
//
//   1 as it is        2 mirrored        3 upside down      4 flipped
//   5 transposed      6 needs a turn right   7 transversed   8 needs a turn left

#include <algorithm>
#include <optional>

#include "runtime/io/codecs.h"

namespace lorarun {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Numbers out of bytes whose order the block itself names.
class TiffReader {
 public:
  explicit TiffReader(std::string_view tiff) : tiff_(tiff), big_endian_(tiff.starts_with("MM")) {}

  std::optional<uint32_t> number(size_t at, size_t bytes) const {
    if (at > tiff_.size() || tiff_.size() - at < bytes) { return std::nullopt; }
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const uint8_t byte = static_cast<uint8_t>(tiff_[at + (big_endian_ ? i : bytes - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }

 private:
  std::string_view tiff_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (exif.starts_with(kPrefix)) { exif.remove_prefix(kPrefix.size()); }
  if (!exif.starts_with("II") && !exif.starts_with("MM")) { return 1; }
  const TiffReader tiff(exif);
  const auto directory = tiff.number(4, 4);
  const auto count = directory ? tiff.number(*directory, 2) : std::nullopt;
  if (!count || tiff.number(2, 2) != 42u) { return 1; }
  for (uint32_t i = 0; i < *count; ++i) {
    const size_t entry = size_t{*directory} + 2 + i * kEntryBytes;
    const auto tag = tiff.number(entry, 2);
    if (!tag) { return 1; }
    if (*tag != kOrientationTag || tiff.number(entry + 2, 2) != kShortType) { continue; }
    const uint32_t value = tiff.number(entry + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation == 1) { return image; }
  const bool turned = orientation >= 5;
  const int right = image.width - 1, bottom = image.height - 1;
  Image upright =
      make_image(turned ? image.height : image.width, turned ? image.width : image.height);
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x) {
      const int along = turned ? y : x, across = turned ? x : y;  // from the stored left and top
      const bool from_right =
          orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      const bool from_bottom =
          orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      const uint8_t* from =
          image.at(from_right ? right - along : along, from_bottom ? bottom - across : across);
      std::copy_n(from, 3, upright.at(x, y));
    }
  }
  return upright;
}

}  // namespace lorarun
