// The twins, and the plain operations that stand in for them on a device without kernels.

#include "runtime/tensor/device_ops.h"

#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/tensor/plain_ops.h"
#include "runtime/tensor/tensor.h"

namespace lorarun {
namespace {

// A fused multiply-add rounds once where the twin rounds twice, and an AdamW step is a chain of
// four: each element agrees to that many of its own last bits, or of those of its operands (of size
// about 1).
constexpr double kFewLastBits = 4 * 1.1920929e-7;

void expect_near(const Tensor& left, const Tensor& right) {
  EXPECT_TRUE(at::allclose(left, right, kFewLastBits, kFewLastBits))
      << "largest difference " << (left - right).abs().max().item<double>();
}

Tensor drawn(const char* stream, at::IntArrayRef shape) {
  return keyed_normal(1, stream, 0, 0, shape);
}

TEST(PlainAdamw, GivesWhatTheTwinGives) {
  for (const double beta1 : {0.3, 0.9}) {
    Tensor p = drawn("p", {3, 257}), m = drawn("m", {3, 257}), v = drawn("v", {3, 257}).square();
    Tensor p_plain = p.clone(), m_plain = m.clone(), v_plain = v.clone();
    for (int64_t t = 1; t <= 3; ++t) {
      const AdamwStep step{.step = t, .learning_rate = 0.01, .beta1 = beta1};
      const Tensor grad = keyed_normal(1, "grad", static_cast<uint32_t>(t), 0, {3, 257});
      adamw(step, grad, p, m, v);
      plain::adamw(step, grad, p_plain, m_plain, v_plain);
    }
    expect_near(p_plain, p);
    expect_near(m_plain, m);
    expect_near(v_plain, v);
  }
}

TEST(PlainEma, GivesWhatTheTwinGivesOnBothSidesOfAHalf) {
  const Tensor param = drawn("param", {513});
  for (const double decay : {0.0, 0.3, 0.5, 0.7, 0.999, 1.0}) {
    Tensor average = drawn("average", {513}), by_tensors = average.clone();
    ema(param, decay, average);
    plain::ema(param, decay, by_tensors);
    expect_near(by_tensors, average);
  }
}

TEST(PlainNoiseMix, GivesWhatTheTwinGivesForEverySample) {
  const Tensor latent = drawn("latent", {3, 4, 5, 7}), noise = drawn("noise", {3, 4, 5, 7});
  const Tensor sigma = at::tensor({0.0F, 0.37F, 1.0F});
  const Mixed twin = noise_mix(latent, noise, sigma),
              by_tensors = plain::noise_mix(latent, noise, sigma);
  expect_near(by_tensors.noisy, twin.noisy);
  EXPECT_TRUE(by_tensors.target.equal(twin.target));
}

TEST(DeviceOps, TakeTensorsThatAreNotContiguousOrNotFloat32) {
  Tensor average = drawn("average", {4, 6}).t(), flat = average.contiguous();
  const Tensor param = drawn("param", {4, 6}).t();
  ema(param, 0.9, average);
  ema(param.contiguous(), 0.9, flat);
  expect_near(average, flat);
  Tensor fine = at::zeros({2}, at::kDouble);
  ema(at::ones({2}, at::kDouble), 0.75, fine);
  EXPECT_EQ(fine[1].item<double>(), 0.25);
}

TEST(DeviceOps, RefuseTensorsOfTwoDevices) {
  Tensor average = at::zeros({2}, at::TensorOptions(at::kFloat).device(at::kMeta));
  try {
    ema(at::ones({2}), 0.5, average);
    FAIL() << "two devices went through";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("ema got a tensor on cpu and one on meta"),
              std::string::npos)
        << error.what();
  }
}

TEST(KeyedTensor, ARowIsWhatItsSampleGetsAlone) {
  const Tensor noise = keyed_normal_rows(42, "noise", 3, 5, {3, 2, 7});
  const Tensor mask = keyed_mask_rows(42, "dropout/x", 3, 5, {3, 2, 7}, 0.25);
  for (uint32_t b = 0; b < 3; ++b) {
    EXPECT_TRUE(noise[b].equal(keyed_normal(42, "noise", 3, 5 + b, {2, 7})));
    const Tensor uniform = keyed_uniform(42, "dropout/x", 3, 5 + b, {2, 7});
    EXPECT_TRUE(mask[b].equal(uniform.ge(0.25).to(at::kFloat).div(1.0 - 0.25)));
  }
}

TEST(KeyedTensor, MasksKeepTheMeanOfWhatTheyMask) {
  const Tensor mask = keyed_mask_rows(42, "dropout/x", 1, 0, {2, 100'000}, 0.3);
  EXPECT_NEAR(mask.mean().item<double>(), 1.0, 0.01);
  EXPECT_NEAR(mask.eq(0).to(at::kFloat).mean().item<double>(), 0.3, 0.01);
  EXPECT_TRUE(keyed_mask_rows(42, "dropout/x", 1, 0, {1, 9}, 0.0).equal(at::ones({1, 9})));
}

TEST(KeyedTensor, HasNoNumbersOnTheMetaDevice) {
  EXPECT_TRUE(keyed_normal(1, "noise", 0, 0, {2, 3}, at::kMeta).is_meta());
}

}  // namespace
}  // namespace lorarun
