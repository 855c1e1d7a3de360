// WebP by libwebp; its container (RIFF) is walked here for EXIF and the colour profile.

#include <webp/decode.h>

#include <cstring>

#include "runtime/io/codecs.h"

namespace lorarun {
namespace {

constexpr size_t kRiffHeadBytes = 12, kChunkHeadBytes = 8;

const uint8_t* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// The data of the first chunk with this name, or empty.
std::string_view find_chunk(std::string_view file, std::string_view name) {
  file.remove_prefix(kRiffHeadBytes);
  while (file.size() >= kChunkHeadBytes) {
    uint32_t length = 0;
    std::memcpy(&length, file.data() + 4, sizeof length);
    const std::string_view rest = file.substr(kChunkHeadBytes);
    if (length > rest.size()) { return ""; }
    if (file.starts_with(name)) { return rest.substr(0, length); }
    const size_t padded = size_t{length} + length % 2;
    file = rest.substr(std::min(padded, rest.size()));
  }
  return "";
}

bool matches(std::string_view bytes) {
  return bytes.size() >= kRiffHeadBytes && bytes.starts_with("RIFF") &&
         bytes.substr(8, 4) == "WEBP";
}

[[noreturn]] void fail(VP8StatusCode status) {
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) { throw truncated_picture(); }
  throw broken_picture("its WebP data make no sense");
}

WebPBitstreamFeatures features_of(std::string_view bytes) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(unsigned_bytes(bytes), bytes.size(), &features);
  if (status != VP8_STATUS_OK) { fail(status); }
  if (features.has_animation) {
    throw Error("this is an animated WebP")
        .fix("save one frame of it as PNG, or move it out of the folder");
  }
  check_size(features.width, features.height);
  return features;
}

PictureHeader probe(std::string_view bytes) {
  const WebPBitstreamFeatures features = features_of(bytes);
  return {features.width, features.height, exif_orientation(find_chunk(bytes, "EXIF"))};
}

Pixels decode(std::string_view bytes) {
  WebPDecoderConfig config;
  WebPInitDecoderConfig(&config);
  config.input = features_of(bytes);
  Pixels pixels;
  pixels.width = config.input.width;
  pixels.height = config.input.height;
  pixels.has_alpha = config.input.has_alpha != 0;
  pixels.icc = find_chunk(bytes, "ICCP");
  pixels.orientation = exif_orientation(find_chunk(bytes, "EXIF"));
  const int row_bytes = pixels.width * pixels.channels();
  pixels.bytes.resize(int64_t{row_bytes} * pixels.height);
  config.output.colorspace = pixels.has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.u.RGBA = {pixels.bytes.data(), row_bytes, pixels.bytes.size()};
  config.output.is_external_memory = 1;
  const VP8StatusCode status = WebPDecode(unsigned_bytes(bytes), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) { fail(status); }
  return pixels;
}

}  // namespace

extern const Codec kWebpCodec = {"webp", matches, probe, decode};

}  // namespace lorarun
