// The pretended GPU itself: it refuses what a card refuses.

#include <gmock/gmock.h>

#include "runtime/tensor/stretch.h"
#include "runtime/tensor/torch.h"
#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

using ::testing::HasSubstr;

const at::Device kCard(c10::DeviceType::PrivateUse1, 0);

template <typename Work>
std::string refusal(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) { return error.what(); }
  return "";
}

TEST(PretendedGpu, ComputesAsTheCpu) {
  const Tensor x = at::arange(12, at::kFloat).view({3, 4}), w = at::ones({5, 4}) / 3;
  const Tensor there = at::linear(x.to(kCard), w.to(kCard)).softmax(1);
  EXPECT_EQ(there.device(), kCard);
  EXPECT_TRUE(there.cpu().equal(at::linear(x, w).softmax(1)));
}

TEST(PretendedGpu, NamesTheOperationThatMixesDevices) {
  const Tensor here = at::ones({2, 3}), there = here.to(kCard);
  EXPECT_THAT(refusal([&] { (void)at::mse_loss(there, here); }), HasSubstr("mse_loss"));
  EXPECT_THAT(refusal([&] { (void)there.add(here); }), HasSubstr("add"));
  EXPECT_THAT(refusal([&] { (void)at::layer_norm(there, {3}, at::ones({3})); }),
              HasSubstr("native_layer_norm"));
  EXPECT_EQ(refusal([&] { (void)there.mul(at::scalar_tensor(2.0)); }), "");  // a number may
}

TEST(PretendedGpu, TakesIndicesFromTheHostOnlyInBrackets) {
  const Tensor there = at::ones({3, 2}, kCard), rows = at::tensor({0, 2}, at::kLong);
  EXPECT_EQ(refusal([&] { (void)there.index({rows}); }), "");
  EXPECT_THAT(refusal([&] { (void)there.index_select(0, rows); }), HasSubstr("index_select"));
  const Tensor mask = at::tensor({1, 0, 1}, at::kLong).to(kCard).to(at::kBool);
  EXPECT_EQ(refusal([&] { (void)there.index({mask}); }), "");
  const Stretch stretch("compute");
  EXPECT_THAT(refusal([&] { (void)there.index({mask}); }), HasSubstr("nonzero"));
}

TEST(PretendedGpu, RefusesAHostReadInsideComputeByName) {
  const Tensor there = at::ones({2}, kCard);
  EXPECT_EQ(refusal([&] { (void)there.sum().item(); }), "");
  const Stretch stretch("compute");
  EXPECT_THAT(refusal([&] { (void)there.sum().item(); }), HasSubstr("_local_scalar_dense"));
  EXPECT_THAT(refusal([&] { (void)there.cpu(); }), HasSubstr("copy to the host"));
  EXPECT_THAT(refusal([&] { (void)there.nonzero(); }), HasSubstr("nonzero"));
}

TEST(PretendedGpuDeathTest, TheHostCannotReadItsMemory) {
  const Tensor there = at::ones({2}, kCard);
  const volatile float* address = there.const_data_ptr<float>();
  EXPECT_DEATH((void)*address, "");
}

TEST(PretendedGpu, BackwardOfEveryLayerKindIsTheCpus) {
  const auto gradients = [](const at::Device& device) {
    const Tensor x = at::linspace(-1, 1, 2 * 8 * 6 * 6).view({2, 8, 6, 6}).to(device);
    x.requires_grad_(true);
    const Tensor kernel = at::linspace(-1, 1, 8 * 8 * 9).view({8, 8, 3, 3}).to(device);
    kernel.requires_grad_(true);
    const Tensor y = at::group_norm(at::conv2d(x, kernel, {}, 1, 1), 4);
    const Tensor rows = at::layer_norm(y.flatten(2).transpose(1, 2), {8}).unsqueeze(1);
    at::scaled_dot_product_attention(rows, rows, rows).square().sum().backward();
    return std::pair{x.grad().cpu(), kernel.grad().cpu()};
  };
  const auto [dx, dkernel] = gradients(at::kCPU);
  const auto [dx_there, dkernel_there] = gradients(kCard);
  EXPECT_TRUE(at::allclose(dx_there, dx, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(dkernel_there, dkernel, 1e-6, 1e-6));
}

}  // namespace
}  // namespace lorarun::pretend_tests
