// The one door to LibTorch: every torch room includes this header and no other
// of LibTorch's.  It is precompiled once and shared by all of them.

#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace lorarun {

using at::Tensor;

}  // namespace lorarun
