#include "kernels/keyed_random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/worker_pool.h"

namespace lorarun {
namespace {

constexpr int64_t kBlockWords = 4;
constexpr int64_t kChunkWords = int64_t{1} << 15;  // what one thread fills at a time

// The part of the counter and the key that one (seed, stream, step, sample) keeps.
struct Keyed {
  uint32_t stream_hash, step, sample;
  std::array<uint32_t, 2> key;

  std::array<uint32_t, 4> block(int64_t number) const {
    return philox4x32_10({static_cast<uint32_t>(number), sample, step, stream_hash}, key);
  }
};

Keyed keyed(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample) {
  const std::array key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  return {fnv1a32(stream), step, sample, key};
}

// Calls fill(words, first, count) for every block: out[first … first + count) come from `words`.
template <typename Fill>
void for_each_block(const Keyed& source, int64_t n, const Fill& fill) {
  const auto fill_chunk = [&](int64_t chunk) {
    const int64_t end = std::min(n, (chunk + 1) * kChunkWords);
    for (int64_t first = chunk * kChunkWords; first < end; first += kBlockWords) {
      fill(source.block(first / kBlockWords), first, std::min(kBlockWords, end - first));
    }
  };
  parallel_for((n + kChunkWords - 1) / kChunkWords, fill_chunk);
}

float uniform_of(uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

// Two words -> two normals.  u1 is in (0, 1], so its logarithm is finite.
std::array<float, 2> box_muller(uint32_t first, uint32_t second) {
  const double u1 = (static_cast<double>(first) + 1.0) * 0x1p-32;
  const double u2 = static_cast<double>(second) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u1));
  const double angle = 2.0 * std::numbers::pi * u2;
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

int64_t scaled(uint32_t word, int64_t bound) {
  return static_cast<int64_t>((uint64_t{word} * static_cast<uint64_t>(bound)) >> 32);
}

}  // namespace

std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 4> counter,
                                      std::array<uint32_t, 2> key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = counter[0] * kMultiplier0, product1 = counter[2] * kMultiplier1;
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

void keyed_words(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                 std::span<uint32_t> out) {
  for_each_block(keyed(seed, stream, step, sample), std::ssize(out),
                 [&](const std::array<uint32_t, 4>& words, int64_t first, int64_t count) {
                   std::copy_n(words.begin(), count, out.begin() + first);
                 });
}

void keyed_uniform(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                   std::span<float> out) {
  for_each_block(keyed(seed, stream, step, sample), std::ssize(out),
                 [&](const std::array<uint32_t, 4>& words, int64_t first, int64_t count) {
                   for (int64_t i = 0; i < count; ++i) { out[first + i] = uniform_of(words[i]); }
                 });
}

float kept_factor(double rate) {
  return 1.0f / static_cast<float>(1.0 - rate);
}

void keyed_mask(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample, double rate,
                std::span<float> out) {
  LR_CHECK(rate >= 0.0 && rate < 1.0, "keyed_mask needs a rate in [0, 1)");
  const float bar = static_cast<float>(rate), kept = kept_factor(rate);
  for_each_block(keyed(seed, stream, step, sample), std::ssize(out),
                 [&](const std::array<uint32_t, 4>& words, int64_t first, int64_t count) {
                   for (int64_t i = 0; i < count; ++i) {
                     out[first + i] = uniform_of(words[i]) >= bar ? kept : 0.0f;
                   }
                 });
}

void keyed_normal(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                  std::span<float> out) {
  for_each_block(keyed(seed, stream, step, sample), std::ssize(out),
                 [&](const std::array<uint32_t, 4>& words, int64_t first, int64_t count) {
                   const auto low = box_muller(words[0], words[1]);
                   const auto high = box_muller(words[2], words[3]);
                   const std::array values = {low[0], low[1], high[0], high[1]};
                   std::copy_n(values.begin(), count, out.begin() + first);
                 });
}

void keyed_below(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                 int64_t bound, std::span<int64_t> out) {
  LR_CHECK(bound >= 1 && bound <= (int64_t{1} << 32), "keyed_below needs a bound in [1, 2^32]");
  for_each_block(keyed(seed, stream, step, sample), std::ssize(out),
                 [&](const std::array<uint32_t, 4>& words, int64_t first, int64_t count) {
                   for (int64_t i = 0; i < count; ++i) { out[first + i] = scaled(words[i], bound); }
                 });
}

int64_t keyed_below(uint64_t seed, std::string_view stream, uint32_t step, uint32_t sample,
                    int64_t bound) {
  int64_t value = 0;
  keyed_below(seed, stream, step, sample, bound, {&value, 1});
  return value;
}

std::vector<int64_t> keyed_permutation(uint64_t seed, std::string_view stream, uint32_t epoch,
                                       int64_t n) {
  std::vector<uint32_t> words(n);
  keyed_words(seed, stream, epoch, 0, words);
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return words[a] < words[b]; });
  return order;
}

}  // namespace lorarun
