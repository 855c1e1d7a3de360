// Two views of one memory: a tensor of the device, and the same bytes as a tensor of the host.

#pragma once

#include <ATen/ATen.h>

#include "tests/pretend/gpu/memory.h"

namespace pretend {

inline bool is_on_device(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kDevice;
}

// An uninitialised tensor of the device with these sizes and strides.
at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype,
                           c10::DeviceIndex index);

// A device tensor's bytes as a CPU tensor; what is not on the device is given back as it is.
at::Tensor on_host(const at::Tensor& tensor);

// The same for what may be absent.
std::optional<at::Tensor> on_host(const std::optional<at::Tensor>& tensor);

// A copy of a CPU tensor on the device, as the result of an operation there; not counted.
at::Tensor on_device(const at::Tensor& tensor, c10::DeviceIndex index);

}  // namespace pretend
