// The operations of kernels/ on tensors: the one place that asks where a tensor lies.
//
//   on the CPU                       the twin (kernels/<op>.cpp), which is the truth
//   on a device with a kernel table  its launcher, queued on the device's current stream
//   anywhere else                    plain_ops.h: the same arithmetic by tensor operations
//
// A table comes with CUDA's plugin (kernels/cuda_loader.h); a device of another kind
// (LibTorch's PrivateUse1) brings one by exporting lorarun_cuda_ops_v1 from its library.
// Twins and kernels take contiguous float32; what is not goes the plain way.
//
// Invariant: all tensors of a call lie on one device.  Nothing is read back to the host.

#pragma once

#include <string_view>

#include "kernels/adamw.h"
#include "runtime/tensor/torch.h"

namespace lorarun {

// Moves param and its moments, all of one shape, by the gradient.
void adamw(const AdamwStep& step, const Tensor& grad, Tensor& param, Tensor& first_moment,
           Tensor& second_moment);

// average += (1 - decay) (param - average)
void ema(const Tensor& param, double decay, Tensor& average);

struct Mixed {
  Tensor noisy, target;
};

// noisy = (1 - sigma) latent + sigma noise, target = noise - latent; [B, …], sigma [B] float32.
Mixed noise_mix(const Tensor& latent, const Tensor& noise, const Tensor& sigma);

// Of a contiguous float32 tensor in `rows` equal parts, part b is a function of
// (seed, stream, step, first_sample + b): kernels/keyed_random.h.
struct RowKey {
  uint64_t seed = 0;
  std::string_view stream;
  uint32_t step = 0, first_sample = 0;
  int64_t rows = 1;
};

void keyed_uniform(const RowKey& key, Tensor& out);
void keyed_normal(const RowKey& key, Tensor& out);
void keyed_mask(const RowKey& key, double rate, Tensor& out);

}  // namespace lorarun
