#include "kernels/adamw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/kernels/golden.h"

namespace lorarun {
namespace {

using Floats = std::vector<float>;

void expect_near(const Floats& got, const Floats& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], expected[i], tolerance * std::max(1.0, std::abs(double{expected[i]})));
  }
}

// The gradient after clip_grad_norm_ with a limit of 1, for a norm over all parameters.
Floats clipped(Floats grad, double norm) {
  const float factor = static_cast<float>(std::min(1.0, 1.0 / (norm + 1e-6)));
  for (float& value : grad) { value *= factor; }
  return grad;
}

TEST(Adamw, FollowsTorchOverFiveSteps) {
  const GoldenFile file("adamw.safetensors");
  const auto rates = file.get<double>("lr");
  const auto norms = file.get<float>("grad_norm");
  for (const std::string name : {"a", "b"}) {
    Floats param = file.get<float>("start/" + name);
    Floats first(param.size()), second(param.size());
    for (int64_t k = 1; k <= 5; ++k) {
      SCOPED_TRACE(name + std::to_string(k));
      const std::string at = "/" + std::to_string(k) + "/" + name;
      const Floats grad = clipped(file.get<float>("grad" + at), norms[k - 1]);
      adamw({.step = k, .learning_rate = rates[k - 1]}, grad, param, first, second);
      expect_near(param, file.get<float>("after" + at), 1e-6);
      expect_near(first, file.get<float>("m" + at), 1e-6);
      expect_near(second, file.get<float>("v" + at), 1e-6);
    }
  }
}

TEST(Adamw, WithoutGradientOnlyDecaysTheWeights) {
  Floats param = {2.0f}, first = {0.0f}, second = {0.0f};
  adamw({.step = 1, .learning_rate = 0.1, .weight_decay = 0.5}, Floats{0.0f}, param, first, second);
  EXPECT_FLOAT_EQ(param[0], 1.9f);
}

TEST(Adamw, IsTheSameForLongSpansThatAreSplitOverThreads) {
  const size_t n = 200'001;
  Floats grad(n), param(n, 0.5f), first(n), second(n);
  for (size_t i = 0; i < n; ++i) { grad[i] = std::sin(static_cast<float>(i)); }
  Floats part(param.begin(), param.begin() + 100), part_first(100), part_second(100);
  adamw({}, grad, param, first, second);
  adamw({}, std::span<const float>(grad).first(100), part, part_first, part_second);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), param.begin()));
}

}  // namespace
}  // namespace lorarun
