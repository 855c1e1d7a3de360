// The inner loops of resampling: sums of bytes times 22-bit weights.
//
// Written twice: plainly, and for AVX2 where the machine has it.  They are
// bit-equal, because the arithmetic is in integers.

#pragma once

#include <cstdint>
#include <vector>

namespace lorarun {

constexpr int kWeightBits = 22;  // 32, less 8 of the pixel and 2 for overshoot, as Pillow

constexpr int kRowSlack = 8;  // bytes that the AVX2 form may read past a row

struct Taps {
  int width = 0;  // weights stored per output: an even number, unused ones are 0
  std::vector<int> first, count;
  std::vector<int32_t> weights;
};

// One output row of `width` pixels from one source row of `source_width` pixels.
void resample_row(const Taps& taps, const uint8_t* from, int source_width, uint8_t* to, int width);

// Output row y: `from` is the first source row that taps of y name; rows are row_bytes apart.
void resample_column(const Taps& taps, int y, const uint8_t* from, int64_t row_bytes, uint8_t* to);

}  // namespace lorarun
