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
  const float difference = __fsub_rn(param[i], average[i]);
  average[i] = mul_add(small ? weight : weight - 1.0f, difference, small ? average[i] : param[i]);
}

}  // namespace

const char* ema(const float* param, float weight, float* average, int64_t n, Place where) {
  return launch("ema", where, 1, n, ema_kernel, param, weight, average, n);
}

}  // namespace lorarun::cuda
