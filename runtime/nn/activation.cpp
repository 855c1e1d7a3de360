#include "runtime/nn/activation.h"

namespace lorarun::nn {

Tensor gelu_tanh(const Tensor& x) {
  return at::gelu(x, "tanh");
}

Tensor quick_gelu(const Tensor& x) {
  return x * at::sigmoid(1.702 * x);
}

Tensor silu(const Tensor& x) {
  return at::silu(x);
}

}  // namespace lorarun::nn
