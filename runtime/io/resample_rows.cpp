#include "runtime/io/resample_rows.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lorarun {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

void row_plain(const Taps& taps, const uint8_t* from, uint8_t* to, int width) {
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

void column_plain(const int32_t* weights, int count, const uint8_t* from, int64_t row_bytes,
                  int64_t begin, uint8_t* to) {
  for (int64_t i = begin; i < row_bytes; ++i) {
    int32_t sum = kHalf;
    for (int k = 0; k < count; ++k) { sum += from[k * row_bytes + i] * weights[k]; }
    to[i] = to_byte(sum);
  }
}

#if defined(__x86_64__)
const bool has_avx2 = __builtin_cpu_supports("avx2");

// Eight sums of 22-bit weights -> eight bytes in the lower half.
[[gnu::target("avx2")]] inline __m128i to_bytes(__m256i sums) {
  const __m256i levels = _mm256_srai_epi32(sums, kWeightBits);
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1));
  return _mm_packus_epi16(words, words);
}

// Two taps at a time: lanes are r0 g0 b0 - r1 g1 b1 -.  Reads up to kRowSlack bytes past the
// pixels.
[[gnu::target("avx2")]] void row_avx2(const Taps& taps, const uint8_t* from, uint8_t* to,
                                      int width) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m256i twice = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  for (int x = 0; x < width; ++x) {
    const uint8_t* pixel = from + int64_t{taps.first[x]} * 3;
    const int32_t* weights = taps.weights.data() + int64_t{x} * taps.width;
    __m256i sums = _mm256_setzero_si256();
    for (int k = 0; k < taps.count[x]; k += 2) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel + k * 3));
      const __m256i colours = _mm256_cvtepu8_epi32(_mm_shuffle_epi8(bytes, spread));
      const __m128i pair = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights + k));
      const __m256i factors = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(pair), twice);
      sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(colours, factors));
    }
    const __m128i both =
        _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const __m128i rounded = _mm_add_epi32(both, _mm_set1_epi32(kHalf));
    const int32_t packed = _mm_cvtsi128_si32(to_bytes(_mm256_castsi128_si256(rounded)));
    std::memcpy(to + x * 3, &packed, 3);
  }
}

// 32 bytes of a row at a time; gives how many were done.
[[gnu::target("avx2")]] int64_t column_avx2(const int32_t* weights, int count, const uint8_t* from,
                                            int64_t row_bytes, uint8_t* to) {
  constexpr int64_t kStrip = 32;
  int64_t begin = 0;
  for (; begin + kStrip <= row_bytes; begin += kStrip) {
    __m256i sums[4];
    for (__m256i& sum : sums) { sum = _mm256_set1_epi32(kHalf); }
    for (int k = 0; k < count; ++k) {
      const uint8_t* source = from + k * row_bytes + begin;
      const __m256i weight = _mm256_set1_epi32(weights[k]);
      for (int part = 0; part < 4; ++part) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(source + part * 8));
        sums[part] =
            _mm256_add_epi32(sums[part], _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
      }
    }
    for (int part = 0; part < 4; ++part) {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to + begin + part * 8), to_bytes(sums[part]));
    }
  }
  return begin;
}
#endif

}  // namespace

void resample_row(const Taps& taps, const uint8_t* from, int source_width, uint8_t* to, int width) {
#if defined(__x86_64__)
  if (has_avx2) {
    thread_local std::vector<uint8_t> padded;
    padded.resize(int64_t{source_width} * 3 + kRowSlack);
    std::memcpy(padded.data(), from, static_cast<size_t>(source_width) * 3);
    return row_avx2(taps, padded.data(), to, width);
  }
#endif
  row_plain(taps, from, to, width);
}

void resample_column(const Taps& taps, int y, const uint8_t* from, int64_t row_bytes, uint8_t* to) {
  const int32_t* weights = taps.weights.data() + int64_t{y} * taps.width;
  int64_t done = 0;
#if defined(__x86_64__)
  if (has_avx2) { done = column_avx2(weights, taps.count[y], from, row_bytes, to); }
#endif
  column_plain(weights, taps.count[y], from, row_bytes, done, to);
}

}  // namespace lorarun
