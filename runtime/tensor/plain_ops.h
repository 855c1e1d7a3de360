// The operations of device_ops.h by ordinary tensor operations: for devices without kernels, and
// for tensors that are not contiguous float32.
//
// Equal to the twins up to the rounding of a fused multiply-add; keyed numbers are made on the CPU
// and copied, so they are equal to the bit.  Nothing else calls these.

#pragma once

#include "runtime/tensor/device_ops.h"

namespace lorarun::plain {

void adamw(const AdamwStep& step, const Tensor& grad, Tensor& param, Tensor& first_moment,
           Tensor& second_moment);
void ema(const Tensor& param, double decay, Tensor& average);
Mixed noise_mix(const Tensor& latent, const Tensor& noise, const Tensor& sigma);

}  // namespace lorarun::plain
