#include "runtime/train/noise.h"

#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/loss.h"

namespace lorarun::train {
namespace {

constexpr SampleKeys kKeys{.seed = 42, .step = 3, .first_sample = 0};

TEST(Noise, DoesNotDependOnHowTheBatchIsSplit) {
  const Tensor whole = draw_noise(kKeys, {3, 16, 6, 10});
  const Tensor second = draw_noise({.seed = 42, .step = 3, .first_sample = 1}, {2, 16, 6, 10});
  EXPECT_TRUE(whole.slice(0, 1).equal(second));
}

TEST(Noise, MixesAlongAStraightLine) {
  const Tensor latents = keyed_normal(1, "latent", 0, 0, {2, 16, 3, 5});
  const Tensor noise = draw_noise(kKeys, {2, 16, 3, 5});
  const Tensor sigma = at::tensor({0.0F, 0.25F});
  const Noised noised = add_noise(latents, noise, sigma);
  EXPECT_TRUE(noised.noisy[0].equal(latents[0]));
  EXPECT_TRUE(at::allclose(noised.noisy[1], 0.75 * latents[1] + 0.25 * noise[1]));
  EXPECT_TRUE(noised.target.equal(noise - latents));
}

TEST(TimestepLaw, SigmoidIsTheSigmoidOfTheSamplesOneNormal) {
  const Tensor sigma = draw_sigma({.kind = "sigmoid"}, kKeys, 4, 256);
  for (uint32_t row = 0; row < 4; ++row) {
    EXPECT_NEAR(sigma[row].item<double>(),
                at::sigmoid(keyed_normal(42, "timestep", 3, row, {1})).item<double>(), 1e-7);
  }
}

// Medians: n = 0 gives s = 1/2, shifted to S / (S + 1); S of 1024 px is 3.158193 (FLUX's
// scheduler).
TEST(TimestepLaw, ShiftMovesTheMedianAsFluxDoes) {
  const auto median = [](const TimestepLaw& law, int64_t tokens) {
    return draw_sigma(law, {.seed = 5, .step = 1}, 4001, tokens).median().item<double>();
  };
  EXPECT_NEAR(median({.kind = "uniform"}, 256), 0.5, 0.03);
  EXPECT_NEAR(median({.kind = "logit_normal", .mean = 1.0}, 256), 0.731, 0.03);
  EXPECT_NEAR(median({.kind = "shifted", .shift = 3.0}, 256), 0.75, 0.03);
  EXPECT_NEAR(median({.kind = "flux_shift"}, 4096), 3.158193 / 4.158193, 0.03);
}

TEST(TimestepLaw, StaysInsideMinAndMax) {
  const Tensor sigma = draw_sigma({.kind = "uniform", .min = 0.2, .max = 0.4}, kKeys, 500, 256);
  EXPECT_GE(sigma.min().item<double>(), 0.2);
  EXPECT_LE(sigma.max().item<double>(), 0.4);
}

TEST(TimestepLaw, AnUnknownNameSuggestsTheNearest) {
  try {
    draw_sigma({.kind = "sigmiod"}, kKeys, 1, 256);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'sigmoid'"), std::string::npos);
  }
}

TEST(Loss, IsTheMeanOverEachSampleInFloat32) {
  const Tensor prediction = at::zeros({2, 2, 1, 2}).to(at::kBFloat16);
  const Tensor target =
      at::tensor({1.0F, 2.0F, 3.0F, 4.0F, 0.0F, 0.0F, 0.0F, 0.5F}).view({2, 2, 1, 2});
  const Tensor losses = sample_losses({.kind = "mse"}, prediction, target);
  EXPECT_FLOAT_EQ(losses[0].item<float>(), 7.5F);
  EXPECT_FLOAT_EQ(losses[1].item<float>(), 0.0625F);
  EXPECT_FLOAT_EQ(sample_losses({.kind = "mae"}, prediction, target)[0].item<float>(), 2.5F);
  const LossLaw huber{.kind = "huber", .delta = 0.1};  // 0.1 (|d| - 0.05) where |d| > 0.1
  EXPECT_FLOAT_EQ(sample_losses(huber, prediction, target)[0].item<float>(), 0.245F);
}

TEST(Loss, WeightsOfSigmaAreThoseOfDiffusers) {
  const Tensor sigma = at::tensor({0.5F, 0.25F});
  EXPECT_TRUE(sigma_weights({}, sigma).equal(at::ones({2})));
  EXPECT_FLOAT_EQ(sigma_weights({.weighting = "sigma_sqrt"}, sigma)[1].item<float>(), 16.0F);
  const Tensor cosmap = sigma_weights({.weighting = "cosmap"}, sigma);
  EXPECT_FLOAT_EQ(cosmap[0].item<float>(), 1.2732395F);
  EXPECT_FLOAT_EQ(cosmap[1].item<float>(), 1.0185916F);
  EXPECT_THROW(sigma_weights({.weighting = "cosmop"}, sigma), Error);
}

}  // namespace
}  // namespace lorarun::train
