// Flat float32 views of tensors, for kernels that take spans.

#pragma once

#include <span>

#include "runtime/tensor/torch.h"

namespace lorarun::optim {

// Requires: a contiguous float32 tensor on the CPU.
inline std::span<float> flat(const Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

inline std::span<const float> flat_const(const Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace lorarun::optim
