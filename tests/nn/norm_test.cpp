#include "runtime/nn/norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::nn {
namespace {

TEST(ModulatedNorm, EqualsLayerNormThenScaleAndShiftForEverySampleOfABatch) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {2, 3, 8});
  const Tensor scale = keyed_normal(1, "scale", 0, 0, {2, 8});
  const Tensor shift = keyed_normal(1, "shift", 0, 0, {2, 8});
  const Tensor expected =
      at::layer_norm(x, {8}, {}, {}, 1e-6) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1);
  EXPECT_LT(relative_error(modulated_norm(x, scale, shift), expected), 1e-6);
}

TEST(ModulatedNorm, GivesTheGradientsOfAllItsInputs) {
  expect_right_gradients(
      [](const std::vector<Tensor>& in) { return modulated_norm(in[0], in[1], in[2]); },
      {keyed_normal(1, "x", 0, 0, {2, 2, 5}), keyed_normal(1, "scale", 0, 0, {2, 5}),
       keyed_normal(1, "shift", 0, 0, {2, 5})});
}

TEST(ModulatedNorm, RoundsToBfloat16Once) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {2, 16, 64}).to(at::kBFloat16);
  const Tensor scale = keyed_normal(1, "scale", 0, 0, {2, 64}).to(at::kBFloat16);
  const Tensor shift = keyed_normal(1, "shift", 0, 0, {2, 64}).to(at::kBFloat16);
  const Tensor exact = modulated_norm(x.to(at::kFloat), scale.to(at::kFloat), shift.to(at::kFloat));
  const Tensor in_steps =
      at::layer_norm(x, {64}, {}, {}, 1e-6) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1);
  EXPECT_LT(relative_error(modulated_norm(x, scale, shift), exact),
            relative_error(in_steps, exact));
}

// Of rows whose variance is epsilon, a norm makes half of what it makes of others: another epsilon
// shows, which longer rows hide in their rounding.
TEST(Norms, HaveFluxsEpsilon) {
  const Tensor x = at::tensor({1e-3, -1e-3}, at::kFloat).view({1, 1, 2});
  const double half = std::sqrt(0.5);
  const Tensor none = at::zeros({1, 2});
  EXPECT_NEAR(modulated_norm(x, none, none)[0][0][0].item<double>(), half, 1e-6);
  EXPECT_NEAR(rms_norm(x, at::ones({2}))[0][0][0].item<double>(), half, 1e-6);
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  const Tensor x = at::tensor({3.0f, 4.0f}).view({1, 2});
  const Tensor weight = at::tensor({1.0f, 10.0f});
  const Tensor y = rms_norm(x, weight, 0.0);
  EXPECT_NEAR(y[0][0].item<double>(), 0.848528, 1e-6);  // 3 / sqrt(12.5)
  EXPECT_NEAR(y[0][1].item<double>(), 11.313708, 1e-5);
}

TEST(RmsNorm, GivesTheGradientsOfInputAndWeight) {
  expect_right_gradients([](const std::vector<Tensor>& in) { return rms_norm(in[0], in[1], 1e-6); },
                         {keyed_normal(1, "x", 0, 0, {2, 3, 4}), keyed_normal(1, "w", 0, 0, {4})});
}

}  // namespace
}  // namespace lorarun::nn
