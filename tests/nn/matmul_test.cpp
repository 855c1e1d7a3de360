#include "runtime/nn/matmul.h"

#include <gtest/gtest.h>

#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::nn {
namespace {

TEST(Matmul, Float32IsMultipliedAsItIs) {
  EXPECT_EQ(product_dtype(at::zeros({1})), at::kFloat);
  EXPECT_EQ(product_dtype(at::zeros({1}, at::kDouble)), at::kDouble);
}

TEST(Matmul, Bfloat16LinearIsRoundedOnceInBothDirections) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {2, 12, 32}).to(at::kBFloat16).requires_grad_(true);
  const Tensor weight = keyed_normal(1, "w", 0, 0, {8, 32}).to(at::kBFloat16).requires_grad_(true);
  const Tensor bias = keyed_normal(1, "b", 0, 0, {8}).to(at::kBFloat16).requires_grad_(true);
  const auto fine = [](const Tensor& t) { return t.detach().to(at::kDouble).requires_grad_(true); };
  const Tensor x_64 = fine(x), weight_64 = fine(weight), bias_64 = fine(bias);
  const Tensor y = fast_linear(x, weight, bias);
  const Tensor y_64 = at::linear(x_64, weight_64, bias_64);
  y.sum().backward();
  y_64.sum().backward();
  constexpr double kRounding = 1.0 / 256;
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(y, y_64), kRounding);
  EXPECT_LT(relative_error(x.grad(), x_64.grad()), kRounding);
  EXPECT_LT(relative_error(weight.grad(), weight_64.grad()), kRounding);
  EXPECT_LT(relative_error(bias.grad(), bias_64.grad()), kRounding);
}

TEST(Matmul, FewRowsAndNoBiasGiveTheSame) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {12, 32}).to(at::kBFloat16);
  const Tensor weight = keyed_normal(1, "w", 0, 0, {8, 32}).to(at::kBFloat16);
  EXPECT_LT(relative_error(fast_linear(x.narrow(0, 0, 2), weight, {}),
                           fast_linear(x, weight, {}).narrow(0, 0, 2)),
            1.0 / 128);
}

}  // namespace
}  // namespace lorarun::nn
