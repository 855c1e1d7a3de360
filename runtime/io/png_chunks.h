// The chunks of a PNG, walked without decoding: length, type, data, CRC.

#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace lorarun {

bool is_png(std::string_view bytes);

// Calls see(type, data) for each whole chunk until it returns false or the file ends.
void for_each_png_chunk(
    std::string_view bytes,
    const std::function<bool(std::string_view type, std::string_view data)>& see);

// Reads four bytes, big endian.  Requires: bytes has them.
uint32_t big_endian_32(std::string_view bytes);

}  // namespace lorarun
