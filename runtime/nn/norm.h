// Norms.  They keep their input and one or two numbers per row for backward, and
// compute what else backward needs again.

#pragma once

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

// Layer norm without weights, then modulation:  y = norm(x) (1 + scale) + shift.
//   x [B, S, D]   scale, shift [B, D]   y [B, S, D]
// One pass: the modulation takes the place of the norm's weight and bias.
// (Peebles and Xie 2023, "Scalable Diffusion Models with Transformers": adaLN.)
Tensor modulated_norm(const Tensor& x, const Tensor& scale, const Tensor& shift, double eps = 1e-6);

// Root mean square norm over the last dimension:  y = x / sqrt(mean(x^2) + eps) weight.
//   x [..., D]   weight [D]
// Computed in float32 (float64 for float64), rounded to x's type once.
// (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization".)
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps = 1e-6);

// The pieces of rms_norm, for functions that fuse it with what follows.
namespace rms {

at::ScalarType compute_dtype(const Tensor& x);  // float32, or float64 for float64
Tensor inverse(const Tensor& x, double eps);    // 1 / sqrt(mean(x^2) + eps), [..., 1]

// Gradient of x from the gradient of y (in compute_dtype), and of the weight.
Tensor gradient_of_input(const Tensor& gradient, const Tensor& x, const Tensor& inverse,
                         const Tensor& weight);
Tensor gradient_of_weight(const Tensor& gradient, const Tensor& x, const Tensor& inverse);

}  // namespace rms
}  // namespace lorarun::nn
