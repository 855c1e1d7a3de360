#include <gtest/gtest.h>

#include <vector>

#include "kernels/cuda_loader.h"
#include "kernels/ema.h"
#include "kernels/noise_mix.h"
#include "runtime/base/error.h"

namespace lorarun {
namespace {

using Floats = std::vector<float>;

TEST(NoiseMix, MixesByTheTimeAndPointsFromLatentToNoise) {
  const Floats latent = {1.0f, -2.0f, 0.5f}, noise = {3.0f, 2.0f, -0.5f};
  Floats noisy(3), target(3);
  noise_mix(latent, noise, 0.25f, noisy, target);
  EXPECT_EQ(noisy, (Floats{1.5f, -1.0f, 0.25f}));
  EXPECT_EQ(target, (Floats{2.0f, 4.0f, -1.0f}));
}

TEST(NoiseMix, AtTheEndsIsTheLatentAndTheNoise) {
  const Floats latent = {0.1f, 0.2f}, noise = {0.3f, -0.7f};
  Floats noisy(2), target(2);
  noise_mix(latent, noise, 0.0f, noisy, target);
  EXPECT_EQ(noisy, latent);
  noise_mix(latent, noise, 1.0f, noisy, target);
  EXPECT_EQ(noisy, noise);
}

TEST(NoiseMix, MayWriteOverItsInputs) {
  Floats latent = {1.0f, -2.0f}, noise = {3.0f, 2.0f};
  noise_mix(latent, noise, 0.25f, latent, noise);
  EXPECT_EQ(latent, (Floats{1.5f, -1.0f}));
  EXPECT_EQ(noise, (Floats{2.0f, 4.0f}));
}

TEST(NoiseMix, RefusesSpansOfDifferentLengths) {
  Floats two(2), three(3);
  EXPECT_THROW(noise_mix(two, three, 0.5f, two, two), Error);
}

TEST(Ema, MovesTheAverageTowardsTheParameter) {
  Floats average = {0.0f, 10.0f};
  ema(Floats{1.0f, 20.0f}, 0.75, average);
  EXPECT_EQ(average, (Floats{0.25f, 12.5f}));
}

TEST(Ema, AtTheEndsKeepsOrCopies) {
  Floats average = {0.1f, 0.2f};
  ema(Floats{5.0f, 6.0f}, 1.0, average);
  EXPECT_EQ(average, (Floats{0.1f, 0.2f}));
  ema(Floats{5.0f, 6.0f}, 0.0, average);
  EXPECT_EQ(average, (Floats{5.0f, 6.0f}));
}

TEST(CudaLoader, SaysWhyThereIsNoGpu) {
  std::string why_not, again;
  const CudaOps* ops = load_cuda_plugin(why_not);
  EXPECT_EQ(ops == nullptr, !why_not.empty());
  EXPECT_EQ(load_cuda_plugin(again), ops);
  EXPECT_EQ(again, why_not);
}

}  // namespace
}  // namespace lorarun
