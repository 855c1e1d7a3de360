// Random numbers as a function, not a state: each is given by
// (seed, stream, step, sample, index), so resume, replay and any split of a
// batch see the same numbers.
//
//   Philox4x32-10   key = seed, counter = (block, sample, step, fnv1a32(stream))
//   block b yields words 4b … 4b+3
//
//   seed     of the run         stream   what for: "noise", "order", "init/<target>", …
//   step     optimizer step from 1      sample   index in the effective batch
//
// Large outputs are filled by several threads; the values do not depend on them.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
// CUDA twin: keyed_random.cu (uniforms, masks, normals), whose normals may differ by 1 ulp.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lorarun {

// One block of the generator, bare.
std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// 32-bit words.
void keyed_words(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                 std::span<uint32_t> out);

// Uniform in [0, 1): the upper 24 bits of a word, times 2^-24.
void keyed_uniform(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                   std::span<float> out);

// A dropout mask: 0 where the uniform is below `rate`, else 1 / (1 - rate).  Requires: rate in [0,
// 1).
void keyed_mask(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample, double rate,
                std::span<float> out);

// What a mask keeps: 1 / (1 - rate) in float, for twin and kernel alike.
float kept_factor(double rate);

// Standard normal: Box-Muller in double on pairs of words, rounded to float last.
void keyed_normal(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                  std::span<float> out);

// Integers in [0, bound): the upper 32 bits of word * bound.  Requires: 1 <= bound <= 2^32.
void keyed_below(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                 int64_t bound, std::span<int64_t> out);

// The first of keyed_below.
int64_t keyed_below(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                    int64_t bound);

// The order of n items in an epoch: the stable argsort of one word per item (step = epoch,
// sample = 0).
std::vector<int64_t> keyed_permutation(uint64_t seed, std::string_view stream, uint32_t epoch,
                                       int64_t n);

}  // namespace lorarun
