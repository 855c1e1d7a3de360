#include "kernels/adamw.h"

#include <cmath>

#include "kernels/spans.h"
#include "runtime/base/error.h"

namespace lorarun {
namespace {

// Elements [0, n), of separate memory.
void update(const AdamwFactors& f, int64_t n, const float* __restrict grad, float* __restrict param,
            float* __restrict first_moment, float* __restrict second_moment) {
  const bool small = f.first_weight < 0.5f;  // torch's lerp starts from the nearer end
  const float factor = small ? f.first_weight : f.first_weight - 1.0f;
  for (int64_t i = 0; i < n; ++i) {
    const float g = grad[i], old = first_moment[i];
    const float m = factor * (g - old) + (small ? old : g);
    const float v = second_moment[i] * f.beta2 + f.second_weight * g * g;
    const float denominator = std::sqrt(v) / f.root_correction + f.eps;
    param[i] = param[i] * f.shrink + f.step_size * m / denominator;
    first_moment[i] = m;
    second_moment[i] = v;
  }
}

}  // namespace

AdamwFactors adamw_factors(const AdamwStep& step) {
  LR_CHECK(step.step >= 1, "adamw counts steps from 1");
  const double t = static_cast<double>(step.step);
  const double correction1 = 1.0 - std::pow(step.beta1, t);
  const double correction2 = 1.0 - std::pow(step.beta2, t);
  return {.shrink = static_cast<float>(1.0 - step.learning_rate * step.weight_decay),
          .first_weight = static_cast<float>(1.0 - step.beta1),
          .beta2 = static_cast<float>(step.beta2),
          .second_weight = static_cast<float>(1.0 - step.beta2),
          .root_correction = static_cast<float>(std::sqrt(correction2)),
          .eps = static_cast<float>(step.eps),
          .step_size = static_cast<float>(-(step.learning_rate / correction1))};
}

void adamw(const AdamwStep& step, std::span<const float> grad, std::span<float> param,
           std::span<float> first_moment, std::span<float> second_moment) {
  LR_CHECK(grad.size() == param.size() && grad.size() == first_moment.size() &&
               grad.size() == second_moment.size(),
           "adamw needs spans of one length");
  const AdamwFactors f = adamw_factors(step);
  parallel_chunks(std::ssize(grad), [&](int64_t begin, int64_t end) {
    update(f, end - begin, grad.data() + begin, param.data() + begin, first_moment.data() + begin,
           second_moment.data() + begin);
  });
}

}  // namespace lorarun
