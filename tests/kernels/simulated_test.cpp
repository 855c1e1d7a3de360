// Every kernel of kernels/*.cu against its CPU twin, over the simulated grid
// (simulated/cuda_runtime.h).

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "kernels/adamw.h"
#include "kernels/cuda_ops.h"
#include "kernels/ema.h"
#include "kernels/keyed_random.h"
#include "kernels/noise_mix.h"
#include "runtime/base/hash.h"
#include "tests/kernels/simulated/cuda_runtime.h"

namespace lorarun {
namespace {

using Floats = std::vector<float>;

// One, less than a block of words, about the 256 threads of a block, many blocks.
constexpr int64_t kSizes[] = {0, 1, 3, 4, 255, 256, 257, 1023, 1025, 70001};
constexpr lorarun_place kHere = {.device = 0, .stream = nullptr};
constexpr uint64_t kLongSeed = 0xfedcba9876543210;

const CudaOps& ops() {
  return *lorarun_cuda_ops_v1();
}

Floats normals(int64_t n, const char* stream) {
  Floats values(static_cast<size_t>(n));
  keyed_normal(1, stream, 0, 0, values);
  return values;
}

Floats sizes_of(Floats values) {
  for (float& value : values) { value = std::abs(value); }
  return values;
}

// The number of elements whose bits differ.
int64_t differing(const Floats& left, const Floats& right) {
  int64_t count = left.size() == right.size() ? 0 : -1;
  for (size_t i = 0; count >= 0 && i < left.size(); ++i) {
    count += std::memcmp(&left[i], &right[i], sizeof(float)) != 0 ? 1 : 0;
  }
  return count;
}

std::span<const float> row(const Floats& all, int64_t b, int64_t n) {
  return std::span(all).subspan(static_cast<size_t>(b * n), static_cast<size_t>(n));
}
std::span<float> row(Floats& all, int64_t b, int64_t n) {
  return std::span(all).subspan(static_cast<size_t>(b * n), static_cast<size_t>(n));
}

TEST(SimulatedTable, IsOfThisBuild) {
  EXPECT_EQ(usable(&ops()), &ops());
  CudaOps other = ops();
  other.version = kCudaOpsVersion + 1;
  EXPECT_EQ(usable(&other), nullptr);
  other = ops();
  other.struct_bytes -= 8;
  EXPECT_EQ(usable(&other), nullptr);
  EXPECT_EQ(usable(nullptr), nullptr);
}

TEST(SimulatedAdamw, EqualsItsTwinToTheBit) {
  for (const int64_t n : kSizes) {
    for (const double beta1 : {0.0, 0.3, 0.5, 0.9}) {
      for (const int64_t t : {1, 2, 1000}) {
        SCOPED_TRACE(std::to_string(n) + ", beta1 " + std::to_string(beta1));
        const AdamwStep step{.step = t, .learning_rate = 1e-3, .beta1 = beta1};
        const Floats grad = normals(n, "grad");
        Floats p = normals(n, "param"), m = normals(n, "m"), v = sizes_of(normals(n, "v"));
        Floats p_here = p, m_here = m, v_here = v;
        adamw(step, grad, p, m, v);
        ASSERT_EQ(ops().adamw(adamw_factors(step), grad.data(), p_here.data(), m_here.data(),
                              v_here.data(), n, kHere),
                  nullptr);
        EXPECT_EQ(differing(p_here, p), 0);
        EXPECT_EQ(differing(m_here, m), 0);
        EXPECT_EQ(differing(v_here, v), 0);
      }
    }
  }
}

TEST(SimulatedEma, EqualsItsTwinToTheBitOnBothSidesOfAHalf) {
  for (const int64_t n : kSizes) {
    for (const double decay : {0.0, 0.3, 0.5, 0.50000001, 0.7, 0.9999, 1.0}) {
      SCOPED_TRACE(std::to_string(n) + ", decay " + std::to_string(decay));
      const Floats param = normals(n, "param");
      Floats average = normals(n, "average"), here = average;
      ema(param, decay, average);
      ASSERT_EQ(ops().ema(param.data(), static_cast<float>(1.0 - decay), here.data(), n, kHere),
                nullptr);
      EXPECT_EQ(differing(here, average), 0);
    }
  }
}

TEST(SimulatedNoiseMix, EqualsItsTwinToTheBitForEverySampleOfABatch) {
  const Floats sigma = {0.0f, 0.37f, 1.0f};
  const auto B = std::ssize(sigma);
  for (const int64_t n : kSizes) {
    SCOPED_TRACE(n);
    const Floats latent = normals(B * n, "latent"), noise = normals(B * n, "noise");
    Floats noisy(latent.size()), target(latent.size()), noisy_here = noisy, target_here = target;
    for (int64_t b = 0; b < B; ++b) {
      noise_mix(row(latent, b, n), row(noise, b, n), sigma[static_cast<size_t>(b)],
                row(noisy, b, n), row(target, b, n));
    }
    ASSERT_EQ(ops().noise_mix(latent.data(), noise.data(), sigma.data(), noisy_here.data(),
                              target_here.data(), B, n, kHere),
              nullptr);
    EXPECT_EQ(differing(noisy_here, noisy), 0);
    EXPECT_EQ(differing(target_here, target), 0);
  }
}

TEST(SimulatedNoiseMix, MayWriteOverItsInputs) {
  const int64_t n = 300;
  const Floats sigma = {0.25f};
  Floats latent = normals(n, "latent"), noise = normals(n, "noise");
  Floats noisy(latent.size()), target(latent.size());
  noise_mix(latent, noise, sigma[0], noisy, target);
  ASSERT_EQ(ops().noise_mix(latent.data(), noise.data(), sigma.data(), latent.data(), noise.data(),
                            1, n, kHere),
            nullptr);
  EXPECT_EQ(differing(latent, noisy), 0);
  EXPECT_EQ(differing(noise, target), 0);
}

// A keyed op: what fills one sample on the CPU, and the launcher that fills all rows.
struct Keyed {
  const char* name;
  std::function<void(uint32_t sample, std::span<float>)> twin;
  std::function<const char*(lorarun_key, float*, int64_t B, int64_t N)> kernel;
};

constexpr const char* kStream = "dropout/blocks.0.attn.to_q";
constexpr uint32_t kStep = 7, kFirstSample = 0xfffffffe;  // the third row's sample wraps to 0
constexpr double kRate = 0.37;

std::vector<Keyed> keyed_ops() {
  return {{"uniform",
           [](uint32_t sample, std::span<float> out) {
             keyed_uniform(kLongSeed, kStream, kStep, sample, out);
           },
           [](lorarun_key key, float* out, int64_t B, int64_t N) {
             return ops().keyed_uniform(key, out, B, N, kHere);
           }},
          {"normal",
           [](uint32_t sample, std::span<float> out) {
             keyed_normal(kLongSeed, kStream, kStep, sample, out);
           },
           [](lorarun_key key, float* out, int64_t B, int64_t N) {
             return ops().keyed_normal(key, out, B, N, kHere);
           }},
          {"mask",
           [](uint32_t sample, std::span<float> out) {
             keyed_mask(kLongSeed, kStream, kStep, sample, kRate, out);
           },
           [](lorarun_key key, float* out, int64_t B, int64_t N) {
             return ops().keyed_mask(key, static_cast<float>(kRate), kept_factor(kRate), out, B, N,
                                     kHere);
           }}};
}

TEST(SimulatedKeyedRandom, EqualsItsTwinToTheBitForEverySampleOfABatch) {
  const lorarun_key key = {kLongSeed, fnv1a32(kStream), kStep, kFirstSample};
  for (const Keyed& op : keyed_ops()) {
    for (const int64_t B : {1, 3}) {
      for (const int64_t n : kSizes) {
        SCOPED_TRACE(op.name + std::to_string(n));
        Floats expected(static_cast<size_t>(B * n)), here = expected;
        for (int64_t b = 0; b < B; ++b) {
          op.twin(kFirstSample + static_cast<uint32_t>(b), row(expected, b, n));
        }
        ASSERT_EQ(op.kernel(key, here.data(), B, n), nullptr);
        EXPECT_EQ(differing(here, expected), 0);
      }
    }
  }
}

TEST(SimulatedKeyedRandom, WritesNothingBesideItsRows) {
  const lorarun_key key = {kLongSeed, fnv1a32(kStream), kStep, 0};
  constexpr int64_t kBatch = 2, n = 261, kBefore = 3, kAfter = 5;
  for (const Keyed& op : keyed_ops()) {
    SCOPED_TRACE(op.name);
    Floats here(kBefore + kBatch * n + kAfter, -7.0f), expected = here;
    for (int64_t b = 0; b < kBatch; ++b) {
      op.twin(static_cast<uint32_t>(b), std::span(expected).subspan(kBefore + b * n, n));
    }
    ASSERT_EQ(op.kernel(key, here.data() + kBefore, kBatch, n), nullptr);
    EXPECT_EQ(differing(here, expected), 0);
  }
}

TEST(SimulatedLaunch, RunsOnTheDeviceItIsGivenAndLeavesTheThreadsOwn) {
  Floats param = {1.0f}, average = {0.0f};
  ASSERT_EQ(cudaSetDevice(2), cudaSuccess);
  const auto before = simulated::launches.load();
  EXPECT_EQ(ops().ema(param.data(), 0.5f, average.data(), 1, {.device = 5, .stream = nullptr}),
            nullptr);
  EXPECT_EQ(simulated::last_device, 5);
  EXPECT_EQ(simulated::launches, before + 1);
  EXPECT_EQ(simulated::current_device, 2);
  EXPECT_EQ(average[0], 0.5f);
  cudaSetDevice(0);
}

TEST(SimulatedLaunch, OfNothingStartsNoKernel) {
  const auto before = simulated::launches.load();
  EXPECT_EQ(ops().ema(nullptr, 0.5f, nullptr, 0, kHere), nullptr);
  EXPECT_EQ(ops().noise_mix(nullptr, nullptr, nullptr, nullptr, nullptr, 0, 5, kHere), nullptr);
  EXPECT_EQ(simulated::launches, before);
}

TEST(SimulatedLaunch, SaysWhichOpFailedAndWhy) {
  constexpr lorarun_place kNowhere = {.device = 99, .stream = nullptr};
  const lorarun_key key = {};
  Floats x(4, 1.0f);
  float* p = x.data();
  const std::string why = ": invalid device ordinal";
  EXPECT_EQ(ops().keyed_uniform(key, p, 1, 4, kNowhere), "keyed_uniform" + why);
  EXPECT_EQ(ops().keyed_normal(key, p, 1, 4, kNowhere), "keyed_normal" + why);
  EXPECT_EQ(ops().keyed_mask(key, 0.5f, 2.0f, p, 1, 4, kNowhere), "keyed_mask" + why);
  EXPECT_EQ(ops().noise_mix(p, p, p, p, p, 1, 4, kNowhere), "noise_mix" + why);
  EXPECT_EQ(ops().adamw({}, p, p, p, p, 4, kNowhere), "adamw" + why);
  EXPECT_EQ(ops().ema(p, 0.5f, p, 4, kNowhere), "ema" + why);
  EXPECT_EQ(x, Floats(4, 1.0f));
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "a failure that was told stays behind";
}

TEST(SimulatedLaunch, RefusesWhatTheGridCannotHold) {
  EXPECT_STREQ(ops().keyed_normal({}, nullptr, 65536, 4, kHere),
               "keyed_normal: more than 65,535 rows at once");
  const int64_t too_many = int64_t{256} << 31;
  EXPECT_STREQ(ops().ema(nullptr, 0.5f, nullptr, too_many, kHere),
               "ema: invalid configuration argument");
}

}  // namespace
}  // namespace lorarun
