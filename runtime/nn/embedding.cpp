#include "runtime/nn/embedding.h"

#include <cmath>

namespace lorarun::nn {

Tensor time_features(const Tensor& t, int64_t width) {
  constexpr double kLongestPeriod = 10000.0;
  const int64_t n = width / 2;
  const Tensor exponents =
      at::arange(n, at::TensorOptions(at::kFloat).device(t.device())) * -std::log(kLongestPeriod);
  const Tensor angles = t.to(at::kFloat).unsqueeze(1) * at::exp(exponents / n);
  return at::cat({at::cos(angles), at::sin(angles)}, 1);
}

}  // namespace lorarun::nn
