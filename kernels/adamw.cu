// One AdamW step over a flat float32 parameter: see adamw.h for the formula.
//
// One pass; memory bound: reads 4, writes 3 elements.
//   grad, param, first_moment, second_moment [n] fp32
// Twin: adamw.cpp; the same scalars and the same order of roundings, so bit-equal.

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

// torch's lerp starts from the nearer end.
__device__ float lerp(float m, float g, float weight) {
  const float difference = __fsub_rn(g, m);
  if (weight < 0.5f) { return mul_add(weight, difference, m); }
  return mul_add(weight - 1.0f, difference, g);
}

__global__ void adamw_kernel(AdamwFactors f, const float* __restrict__ grad,
                             float* __restrict__ param, float* __restrict__ first_moment,
                             float* __restrict__ second_moment, int64_t n) {
  const int64_t i = flat_index();
  if (i >= n) { return; }
  const float g = grad[i];
  const float m = lerp(first_moment[i], g, f.first_weight);
  const float v = mul_add(second_moment[i], f.beta2, __fmul_rn(__fmul_rn(f.second_weight, g), g));
  const float denominator = __fadd_rn(__fdiv_rn(__fsqrt_rn(v), f.root_correction), f.eps);
  param[i] = mul_add(param[i], f.shrink, __fdiv_rn(__fmul_rn(f.step_size, m), denominator));
  first_moment[i] = m;
  second_moment[i] = v;
}

}  // namespace

const char* adamw(AdamwFactors factors, const float* grad, float* param, float* first_moment,
                  float* second_moment, int64_t n, Place where) {
  return launch("adamw", where, 1, n, adamw_kernel, factors, grad, param, first_moment,
                second_moment, n);
}

}  // namespace lorarun::cuda
