// The operations of kernels/ on a device, against their CPU twins: to the bit where both round the
// same way in the same order, to one last bit for the normals (kernels/README.md).
//
//   LORARUN_TEST_DEVICE=cuda test_tensor --gtest_filter='OnDevice.*'      on a card (tests/gpu)
//   … =pretend, with libpretend.so preloaded: the kernels' bodies over a simulated grid
//
// Without the variable the first card is taken, and without a card the tests are pending.

#include <cstdlib>

#include <gtest/gtest.h>

#include "kernels/cuda_loader.h"
#include "runtime/base/error.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/device_ops.h"
#include "runtime/tensor/tensor.h"

namespace lorarun {
namespace {

// One block and less, a block and more, a full grid's stride and what is left of it.
const std::vector<int64_t> kSizes = {1, 3, 255, 256, 257, 4099, 70001};

class OnDevice : public testing::Test {
 protected:
  void SetUp() override {
    const char* named = std::getenv("LORARUN_TEST_DEVICE");
    if (named == nullptr && cuda_device_count() == 0) { GTEST_SKIP() << "pending: no CUDA device"; }
    device_ = device_from_name(named != nullptr ? named : "cuda", "LORARUN_TEST_DEVICE");
    std::string why_not;
    if (device_.is_cuda() && load_cuda_plugin(why_not) == nullptr) {
      GTEST_SKIP() << "pending: no CUDA kernels: " << why_not;
    }
  }

  Tensor there(const Tensor& tensor) const {
    return tensor.to(device_, /*non_blocking=*/false, true);
  }

  at::Device device_ = at::kCPU;
};

Tensor drawn(const char* stream, int64_t n) {
  return keyed_normal(11, stream, 0, 0, {n});
}

void expect_equal(const Tensor& there, const Tensor& here) {
  const Tensor back = there.cpu();
  EXPECT_TRUE(back.equal(here)) << here.numel() << " numbers, largest difference "
                                << (back - here).abs().max().item<double>();
}

TEST_F(OnDevice, AdamwGivesWhatTheTwinGives) {
  for (const int64_t n : kSizes) {
    Tensor p = drawn("p", n), m = drawn("m", n), v = drawn("v", n).square();
    Tensor p_there = there(p), m_there = there(m), v_there = there(v);
    for (int64_t t = 1; t <= 3; ++t) {
      const AdamwStep step{.step = t, .learning_rate = 0.01};
      const Tensor grad = keyed_normal(11, "grad", static_cast<uint32_t>(t), 0, {n});
      adamw(step, grad, p, m, v);
      adamw(step, there(grad), p_there, m_there, v_there);
    }
    expect_equal(p_there, p);
    expect_equal(m_there, m);
    expect_equal(v_there, v);
  }
}

TEST_F(OnDevice, EmaGivesWhatTheTwinGives) {
  for (const int64_t n : kSizes) {
    const Tensor param = drawn("param", n);
    Tensor average = drawn("average", n), average_there = there(average);
    ema(param, 0.99, average);
    ema(there(param), 0.99, average_there);
    expect_equal(average_there, average);
  }
}

TEST_F(OnDevice, NoiseMixGivesWhatTheTwinGivesForEverySample) {
  for (const int64_t n : kSizes) {
    const Tensor latent = drawn("latent", 3 * n).view({3, n}),
                 noise = drawn("noise", 3 * n).view({3, n});
    const Tensor sigma = at::tensor({0.0F, 0.37F, 1.0F});
    const Mixed twin = noise_mix(latent, noise, sigma);
    const Mixed mixed = noise_mix(there(latent), there(noise), there(sigma));
    expect_equal(mixed.noisy, twin.noisy);
    expect_equal(mixed.target, twin.target);
  }
}

TEST_F(OnDevice, UniformsAndMasksAreTheSameNumbers) {
  for (const int64_t n : kSizes) {
    expect_equal(keyed_uniform(5, "u", 3, 2, {n}, device_), keyed_uniform(5, "u", 3, 2, {n}));
    expect_equal(keyed_mask_rows(5, "mask", 3, 2, {2, n}, 0.3, device_),
                 keyed_mask_rows(5, "mask", 3, 2, {2, n}, 0.3));
  }
}

TEST_F(OnDevice, NormalsAreTheSameNumbersToOneLastBit) {
  for (const int64_t n : kSizes) {
    const Tensor here = keyed_normal(5, "n", 3, 2, {n});
    const Tensor back = keyed_normal(5, "n", 3, 2, {n}, device_).cpu();
    const Tensor last_bit = here.abs() * 1.1920929e-7;
    EXPECT_TRUE(((back - here).abs() <= last_bit).all().item<bool>())
        << n << " numbers, largest difference " << (back - here).abs().max().item<double>();
  }
}

TEST_F(OnDevice, TensorsThatAreNotContiguousOrNotFloat32GoThePlainWay) {
  const Tensor param = drawn("param", 24).view({4, 6}).t();
  Tensor average = drawn("average", 24).view({4, 6}).t(), average_there = there(average);
  ema(param, 0.9, average);
  ema(there(param), 0.9, average_there);
  EXPECT_TRUE(at::allclose(average_there.cpu(), average, 1e-6, 1e-6));
}

TEST_F(OnDevice, ALaunchThatFailsIsAnErrorThatNamesOpDeviceAndShape) {
  try {
    keyed_normal_rows(1, "noise", 0, 0, {65'536, 2}, device_);
    FAIL() << "more rows than a grid has went through";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("keyed_normal: more than 65,535 rows at once"), std::string::npos) << text;
    EXPECT_NE(text.find("a tensor of shape [65536, 2]"), std::string::npos) << text;
    EXPECT_NE(text.find(":0"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace lorarun
