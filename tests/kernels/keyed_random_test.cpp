#include "kernels/keyed_random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/hash.h"
#include "tests/kernels/golden.h"

namespace lorarun {
namespace {

const Json& known_answers() {
  static const Json all = read_json(golden("random.json"));
  return all;
}

uint32_t hex(const Json& text) {
  return static_cast<uint32_t>(std::stoul(text.get<std::string>(), nullptr, 16));
}

TEST(Philox, GivesTheKnownAnswersOfRandom123) {
  for (const Json& vector : known_answers()["philox4x32_10"]) {
    const Json &c = vector["counter"], &k = vector["key"];
    const auto out =
        philox4x32_10({hex(c[0]), hex(c[1]), hex(c[2]), hex(c[3])}, {hex(k[0]), hex(k[1])});
    for (int i = 0; i < 4; ++i) { EXPECT_EQ(out[i], hex(vector["out"][i])); }
  }
}

TEST(KeyedRandom, HashesStreamNamesAsKnown) {
  for (const auto& [name, value] : known_answers()["fnv1a32"].items()) {
    EXPECT_EQ(fnv1a32(name), hex(value)) << name;
  }
}

TEST(KeyedRandom, GivesTheKnownAnswersOfEveryStream) {
  for (const Json& known : known_answers()["cases"]) {
    const std::string stream = known["stream"];
    SCOPED_TRACE(stream);
    const uint64_t seed = known["seed"];
    const uint32_t step = known["step"], sample = known["sample"];
    const size_t n = known["n"];
    std::vector<uint32_t> words(n);
    std::vector<float> uniform(n), normal(n);
    std::vector<int64_t> below(n);
    keyed_words(seed, stream, step, sample, words);
    keyed_uniform(seed, stream, step, sample, uniform);
    keyed_normal(seed, stream, step, sample, normal);
    keyed_below(seed, stream, step, sample, 7, below);
    EXPECT_EQ(words, known["words"].get<std::vector<uint32_t>>());
    EXPECT_EQ(uniform, known["uniform"].get<std::vector<float>>());
    EXPECT_EQ(below, known["below_7"].get<std::vector<int64_t>>());
    for (size_t i = 0; i < n; ++i) { EXPECT_FLOAT_EQ(normal[i], known["normal"][i].get<float>()); }
    EXPECT_EQ(keyed_below(seed, stream, step, sample, 7), known["below_7"][0]);
  }
}

TEST(KeyedRandom, GivesTheKnownPermutations) {
  for (const Json& known : known_answers()["permutation"]) {
    const auto order = keyed_permutation(known["seed"], known["stream"].get<std::string>(),
                                         known["epoch"], known["n"]);
    EXPECT_EQ(order, known["order"].get<std::vector<int64_t>>());
  }
}

TEST(KeyedRandom, FillsLongOutputsAsShortOnes) {
  std::vector<float> longer(300'001), shorter(70'003);
  keyed_normal(7, "noise", 3, 1, longer);
  keyed_normal(7, "noise", 3, 1, shorter);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(KeyedRandom, ChangesWithEachPartOfTheKey) {
  const auto first = [](uint64_t seed, const char* stream, uint32_t step, uint32_t sample) {
    uint32_t word = 0;
    keyed_words(seed, stream, step, sample, {&word, 1});
    return word;
  };
  const uint32_t word = first(42, "noise", 1, 0);
  EXPECT_NE(first(43, "noise", 1, 0), word);
  EXPECT_NE(first(42 + (uint64_t{1} << 32), "noise", 1, 0), word);
  EXPECT_NE(first(42, "latent", 1, 0), word);
  EXPECT_NE(first(42, "noise", 2, 0), word);
  EXPECT_NE(first(42, "noise", 1, 1), word);
}

TEST(KeyedRandom, NormalsHaveMeanZeroAndVarianceOne) {
  std::vector<float> values(1'000'000);
  keyed_normal(42, "noise", 1, 0, values);
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 1e6;
  double variance = 0.0;
  for (const float value : values) { variance += (value - mean) * (value - mean) / 1e6; }
  EXPECT_NEAR(mean, 0.0, 0.004);
  EXPECT_NEAR(variance, 1.0, 0.006);
}

TEST(KeyedRandom, PermutationsHoldEveryItemOnce) {
  auto order = keyed_permutation(1, "order", 5, 1000);
  std::ranges::sort(order);
  for (int64_t i = 0; i < 1000; ++i) { ASSERT_EQ(order[i], i); }
  EXPECT_TRUE(keyed_permutation(1, "order", 5, 0).empty());
}

}  // namespace
}  // namespace lorarun
