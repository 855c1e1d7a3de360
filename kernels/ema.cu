// average += (1 - decay) * (param - average), as torch's lerp_.
//
// One pass; memory bound: reads 2, writes 1 element.
//   param, average [n] fp32
// Twin: ema.cpp, bit-equal.

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

__global__ void ema_kernel(const float* __restrict__ param, float weight,
                           float* __restrict__ average, int64_t n) {
  const int64_t i = flat_index();
  if (i >= n) { return; }
  const bool small = weight < 0.5f;
  const float difference = param[i] - average[i];
  average[i] = mul_add(small ? weight : weight - 1.0f, difference, small ? average[i] : param[i]);
}

}  // namespace

const char* ema(const float* param, double decay, float* average, int64_t n, void* stream) {
  if (n == 0) { return nullptr; }
  ema_kernel<<<flat_grid(n), kThreads, 0, stream_of(stream)>>>(
      param, static_cast<float>(1.0 - decay), average, n);
  return cuda_check();
}

}  // namespace lorarun::cuda
