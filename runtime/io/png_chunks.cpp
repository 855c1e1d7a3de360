#include "runtime/io/png_chunks.h"

namespace lorarun {
namespace {

constexpr std::string_view kSignature("\x89PNG\r\n\x1A\n", 8);
constexpr size_t kHeadBytes = 8, kCrcBytes = 4;

}  // namespace

bool is_png(std::string_view bytes) {
  return bytes.starts_with(kSignature);
}

uint32_t big_endian_32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) { value = value << 8 | static_cast<uint8_t>(bytes[i]); }
  return value;
}

void for_each_png_chunk(std::string_view bytes,
                        const std::function<bool(std::string_view, std::string_view)>& see) {
  if (!is_png(bytes)) { return; }
  bytes.remove_prefix(kSignature.size());
  while (bytes.size() >= kHeadBytes + kCrcBytes) {
    const size_t length = big_endian_32(bytes);
    if (length > bytes.size() - kHeadBytes - kCrcBytes) { return; }
    if (!see(bytes.substr(4, 4), bytes.substr(kHeadBytes, length))) { return; }
    bytes.remove_prefix(kHeadBytes + length + kCrcBytes);
  }
}

}  // namespace lorarun
