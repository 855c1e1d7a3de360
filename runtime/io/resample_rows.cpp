#include "runtime/io/resample_rows.h"

#include <algorithm>

namespace lorarun {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

[[gnu::always_inline]] inline uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

[[gnu::always_inline]] inline void row(const Taps& taps, const uint8_t* from, uint8_t* to,
                                       int width) {
  for (int x = 0; x < width; ++x) {
    const uint8_t* pixel = from + int64_t{taps.first[x]} * 3;
    const int32_t* weights = taps.weights.data() + int64_t{x} * taps.width;
    int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int k = 0; k < taps.count[x]; ++k) {
      red += pixel[k * 3] * weights[k];
      green += pixel[k * 3 + 1] * weights[k];
      blue += pixel[k * 3 + 2] * weights[k];
    }
    to[x * 3] = to_byte(red);
    to[x * 3 + 1] = to_byte(green);
    to[x * 3 + 2] = to_byte(blue);
  }
}

// In strips that keep their sums in registers and the first cache.
[[gnu::always_inline]] inline void column(const int32_t* weights, int count, const uint8_t* from,
                                          int64_t row_bytes, uint8_t* to) {
  constexpr int64_t kStrip = 64;
  for (int64_t begin = 0; begin < row_bytes; begin += kStrip) {
    const int64_t bytes = std::min(kStrip, row_bytes - begin);
    int32_t sums[kStrip];
    std::fill_n(sums, kStrip, kHalf);
    if (bytes == kStrip) {
      for (int k = 0; k < count; ++k) {
        const uint8_t* source = from + k * row_bytes + begin;
        for (int64_t i = 0; i < kStrip; ++i) { sums[i] += source[i] * weights[k]; }
      }
    } else {
      for (int k = 0; k < count; ++k) {
        const uint8_t* source = from + k * row_bytes + begin;
        for (int64_t i = 0; i < bytes; ++i) { sums[i] += source[i] * weights[k]; }
      }
    }
    for (int64_t i = 0; i < bytes; ++i) { to[begin + i] = to_byte(sums[i]); }
  }
}

void column_plain(const int32_t* weights, int count, const uint8_t* from, int64_t row_bytes,
                  uint8_t* to) {
  column(weights, count, from, row_bytes, to);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void column_avx2(const int32_t* weights, int count, const uint8_t* from,
                                         int64_t row_bytes, uint8_t* to) {
  column(weights, count, from, row_bytes, to);
}
const bool has_avx2 = __builtin_cpu_supports("avx2");
#endif

}  // namespace

void resample_row(const Taps& taps, const uint8_t* from, int, uint8_t* to, int width) {
  row(taps, from, to, width);
}

void resample_column(const Taps& taps, int y, const uint8_t* from, int64_t row_bytes, uint8_t* to) {
  const int32_t* weights = taps.weights.data() + int64_t{y} * taps.width;
#if defined(__x86_64__)
  if (has_avx2) { return column_avx2(weights, taps.count[y], from, row_bytes, to); }
#endif
  column_plain(weights, taps.count[y], from, row_bytes, to);
}

}  // namespace lorarun
