#include "runtime/tensor/plain_ops.h"

#include <cmath>

namespace lorarun::plain {

void adamw(const AdamwStep& step, const Tensor& grad, Tensor& param, Tensor& first_moment,
           Tensor& second_moment) {
  const auto t = static_cast<double>(step.step);
  param.mul_(1.0 - step.learning_rate * step.weight_decay);
  first_moment.lerp_(grad, 1.0 - step.beta1);
  second_moment.mul_(step.beta2).addcmul_(grad, grad, 1.0 - step.beta2);
  const Tensor scale =
      second_moment.sqrt().div_(std::sqrt(1.0 - std::pow(step.beta2, t))).add_(step.eps);
  param.addcdiv_(first_moment, scale, -step.learning_rate / (1.0 - std::pow(step.beta1, t)));
}

void ema(const Tensor& param, double decay, Tensor& average) {
  average.lerp_(param, 1.0 - decay);
}

Mixed noise_mix(const Tensor& latent, const Tensor& noise, const Tensor& sigma) {
  std::vector<int64_t> shape(static_cast<size_t>(latent.dim()), 1);
  shape[0] = latent.size(0);
  const Tensor s = sigma.view(shape);
  return {(1 - s) * latent + s * noise, noise - latent};
}

}  // namespace lorarun::plain
