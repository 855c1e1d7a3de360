// Compares autograd's gradients with slopes measured in float64.

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun {

using ScalarFunction = std::function<Tensor(const std::vector<Tensor>&)>;

// `f` gives a tensor of any shape; it is summed with fixed uneven weights, so that no error
// cancels.
inline Tensor weighed_sum(const Tensor& y) {
  const Tensor weights = at::arange(1, y.numel() + 1, y.options().requires_grad(false)).sin();
  return (y.reshape({-1}) * weights).sum();
}

inline double slope(const ScalarFunction& f, std::vector<Tensor> inputs, size_t which, int64_t at) {
  constexpr double kStep = 1e-6;
  const at::NoGradGuard off;
  double sides[2];
  for (const int side : {0, 1}) {
    std::vector<Tensor> moved = inputs;
    moved[which] = inputs[which].detach().clone();
    moved[which].view({-1})[at] += side == 0 ? -kStep : kStep;
    sides[side] = weighed_sum(f(moved)).item<double>();
  }
  return (sides[1] - sides[0]) / (2 * kStep);
}

inline void expect_right_gradients(const ScalarFunction& f, std::vector<Tensor> inputs,
                                   double tolerance = 1e-7) {
  for (Tensor& input : inputs) { input = input.to(at::kDouble).detach().requires_grad_(true); }
  weighed_sum(f(inputs)).backward();
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_TRUE(inputs[i].grad().defined()) << "input " << i << " got no gradient";
    const Tensor gradient = inputs[i].grad().reshape({-1});
    for (int64_t at = 0; at < gradient.numel(); ++at) {
      const double expected = slope(f, inputs, i, at);
      EXPECT_NEAR(gradient[at].item<double>(), expected, tolerance * (1 + std::abs(expected)))
          << "input " << i << ", element " << at;
    }
  }
}

// |a - b| / |b|
inline double relative_error(const Tensor& a, const Tensor& b) {
  const Tensor reference = b.to(at::kDouble);
  return ((a.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

}  // namespace lorarun
