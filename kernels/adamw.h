// One AdamW step over a flat float32 parameter.
//
//   p *= 1 - lr * weight_decay
//   m  = lerp(m, g, 1 - beta1)           v = beta2 * v + (1 - beta2) * g * g
//   p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//
// The order of operations is that of torch.optim.AdamW (foreach=False,
// fused=False), so results agree with it to the rounding of float32.
// Source: Loshchilov, Hutter, "Decoupled weight decay regularization", 2019.
// CUDA twin: adamw.cu, bit-equal.

#pragma once

#include <cstdint>
#include <span>

#include "kernels/cuda_ops.h"

namespace lorarun {

struct AdamwStep {
  int64_t step = 1;  // t, from 1
  double learning_rate = 1e-4;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

// The step's scalars: worked out in double and rounded once, for twin and kernel alike.
// Requires: step at least 1.
using AdamwFactors = lorarun_adamw_factors;
AdamwFactors adamw_factors(const AdamwStep& step);

// Requires: four spans of one length.
void adamw(const AdamwStep& step, std::span<const float> grad, std::span<float> param,
           std::span<float> first_moment, std::span<float> second_moment);

}  // namespace lorarun
