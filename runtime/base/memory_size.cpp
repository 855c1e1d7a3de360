#include "runtime/base/memory_size.h"

#include <cstdio>

namespace lorarun {

std::string memory_size(int64_t bytes) {
  struct Unit {
    int shift;
    const char* format;
  };
  char text[32];
  for (const Unit& unit : {Unit{30, "%.1f GiB"}, Unit{20, "%.0f MiB"}, Unit{10, "%.0f KiB"}}) {
    const int64_t size = int64_t{1} << unit.shift;
    if (bytes < size) { continue; }
    std::snprintf(text, sizeof text, unit.format,
                  static_cast<double>(bytes) / static_cast<double>(size));
    return text;
  }
  return std::to_string(bytes) + " bytes";
}

}  // namespace lorarun
