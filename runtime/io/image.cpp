#include "runtime/io/image.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/io/codecs.h"
#include "runtime/io/mapped_file.h"

namespace lorarun {
namespace {

constexpr const Codec* kCodecs[] = {&kJpegCodec, &kPngCodec, &kWebpCodec, &kBmpCodec};

// Formats that people meet but lorarun does not read; for the error's text.
std::string foreign_format(std::string_view bytes) {
  const std::string_view brand = bytes.size() >= 12 ? bytes.substr(4, 8) : "";
  if (bytes.starts_with("GIF8")) { return "a GIF"; }
  if (bytes.starts_with("II*\0") || bytes.starts_with(std::string_view("MM\0*", 4))) {
    return "a TIFF";
  }
  if (brand.starts_with("ftypavif") || brand.starts_with("ftypavis")) { return "an AVIF"; }
  if (brand.starts_with("ftyphei") || brand.starts_with("ftypmif1")) { return "a HEIC photo"; }
  if (brand.starts_with("JXL ") || bytes.starts_with("\xFF\x0A")) { return "a JPEG XL"; }
  if (bytes.starts_with("8BPS")) { return "a Photoshop file"; }
  if (bytes.starts_with("<svg") || bytes.starts_with("<?xml")) { return "an SVG or XML file"; }
  if (bytes.starts_with("<!") || bytes.starts_with("<html")) { return "a web page"; }
  if (bytes.starts_with("version https://git-lfs")) { return "a git-lfs pointer"; }
  return "";
}

const Codec& codec_of(std::string_view bytes) {
  if (bytes.empty()) { throw truncated_picture("it has no bytes at all"); }
  for (const Codec* codec : kCodecs) {
    if (codec->matches(bytes)) { return *codec; }
  }
  const std::string foreign = foreign_format(bytes);
  throw Error(foreign.empty() ? "this is no picture: its first bytes are of no known format"
                              : "this is " + foreign + ", which lorarun does not read")
      .fix(
          "convert it to PNG or JPEG, or move it out of the folder (read are: jpeg, png, webp, "
          "bmp)");
}

// c over b by alpha, as Pillow's paste: rounded to the nearest level.
uint8_t blend(int colour, int behind, int alpha) {
  return static_cast<uint8_t>((colour * alpha + behind * (255 - alpha) + 127) / 255);
}

void lay_over(Image& image, const Pixels& pixels, Colour behind) {
  const int channels = pixels.channels();
  const int64_t count = int64_t{image.width} * image.height;
  for (int64_t i = 0; i < count; ++i) {
    const int alpha = pixels.bytes[i * channels + channels - 1];
    if (alpha == 255) { continue; }
    uint8_t* rgb = image.rgb.data() + i * 3;
    rgb[0] = blend(rgb[0], behind.r, alpha);
    rgb[1] = blend(rgb[1], behind.g, alpha);
    rgb[2] = blend(rgb[2], behind.b, alpha);
  }
}

}  // namespace

Image make_image(int width, int height, Colour colour) {
  Image image;
  image.width = width;
  image.height = height;
  image.rgb.assign(static_cast<size_t>(int64_t{width} * height * 3), colour.r);
  if (colour.r == colour.g && colour.g == colour.b) { return image; }
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = colour.r;
    image.rgb[i + 1] = colour.g;
    image.rgb[i + 2] = colour.b;
  }
  return image;
}

void check_size(int64_t width, int64_t height) {
  if (width < 1 || height < 1) { throw broken_picture("it has no pixels"); }
  if (width <= kMaxSidePx && height <= kMaxSidePx && width * height <= kMaxAreaPx) { return; }
  throw Error("the picture is too large: " + std::to_string(width) + " x " +
              std::to_string(height) + " px; at most " + std::to_string(kMaxSidePx) +
              " px a side and " + std::to_string(kMaxAreaPx / 1'000'000) +
              " million in all are read")
      .fix("make it smaller, or move it out of the folder");
}

Error broken_picture(const std::string& reason) {
  Error error("the picture is broken: " + reason);
  error.fix("replace the file, or move it out of the folder");
  return error;
}

Error truncated_picture(const std::string& detail) {
  return broken_picture("the file ends too early" + (detail.empty() ? "" : " (" + detail + ")"));
}

ImageInfo probe_image(std::string_view bytes, const std::string& place) {
  try {
    const Codec& codec = codec_of(bytes);
    const PictureHeader header = codec.probe(bytes);
    check_size(header.width, header.height);
    const bool turned = header.orientation >= 5;
    return {.width = turned ? header.height : header.width,
            .height = turned ? header.width : header.height,
            .format = codec.name};
  } catch (Error& error) { throw error.where(place); }
}

Image load_image(std::string_view bytes, const std::string& place, Colour behind) {
  try {
    Pixels pixels = codec_of(bytes).decode(bytes);
    Image image = colours_to_srgb(pixels);
    if (pixels.has_alpha) { lay_over(image, pixels, behind); }
    return apply_orientation(std::move(image), pixels.orientation);
  } catch (Error& error) { throw error.where(place); }
}

ImageInfo probe_image(const fs::path& path) {
  const MappedFile file(path);
  return probe_image(file.text(), path.string());
}

Image load_image(const fs::path& path, Colour behind) {
  return load_image(read_text(path), path.string(), behind);
}

}  // namespace lorarun
