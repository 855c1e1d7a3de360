// Products of matrices in the type that the machine multiplies fast.
//
// An x86 CPU without AVX-512 has no bfloat16 or float16 product: LibTorch then
// multiplies element by element, up to 40 times slower than float32.  There the
// factors are widened to float32 for the product and the result is rounded once;
// what is kept for backward stays in the narrow type.

#pragma once

#include <optional>

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

// The type that products with x should be computed in: x's own or float32.
at::ScalarType product_dtype(const Tensor& x);

// x W^T + b with x [..., in], weight [out, in], bias [out] or none -> [..., out].
// Keeps x only where the weight wants a gradient.
Tensor fast_linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias);

}  // namespace lorarun::nn
