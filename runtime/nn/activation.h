// Activations.  Each keeps only its input for backward.

#pragma once

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))     FLUX's and T5's feed-forward
Tensor gelu_tanh(const Tensor& x);

// x sigmoid(1.702 x)                                  OpenAI's CLIP
Tensor quick_gelu(const Tensor& x);

// x sigmoid(x)
Tensor silu(const Tensor& x);

}  // namespace lorarun::nn
