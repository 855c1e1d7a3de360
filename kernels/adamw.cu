// One AdamW step over a flat float32 parameter: see adamw.h for the formula.
//
// One pass; memory bound: reads 4, writes 3 elements.
//   grad, param, first_moment, second_moment [n] fp32
// Twin: adamw.cpp; the same scalars and the same order of roundings, so bit-equal.

#include <cmath>

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

// The step's scalars: worked out in double on the host and rounded once.
struct Factors {
  float shrink, first_weight, beta2, second_weight, root_correction, eps, step_size;
};

Factors factors_of(const lorarun_adamw_step& step) {
  const double t = static_cast<double>(step.step);
  const double correction1 = 1.0 - std::pow(step.beta1, t);
  const double correction2 = 1.0 - std::pow(step.beta2, t);
  return {static_cast<float>(1.0 - step.learning_rate * step.weight_decay),
          static_cast<float>(1.0 - step.beta1),
          static_cast<float>(step.beta2),
          static_cast<float>(1.0 - step.beta2),
          static_cast<float>(std::sqrt(correction2)),
          static_cast<float>(step.eps),
          static_cast<float>(-(step.learning_rate / correction1))};
}

__device__ float lerp(float m, float g, float weight) {
  const float difference = g - m;
  if (weight < 0.5f) { return mul_add(weight, difference, m); }
  return __fsub_rn(g, __fmul_rn(1.0f - weight, difference));
}

__global__ void adamw_kernel(Factors f, const float* __restrict__ grad, float* __restrict__ param,
                             float* __restrict__ first_moment, float* __restrict__ second_moment,
                             int64_t n) {
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

const char* adamw(const lorarun_adamw_step* step, const float* grad, float* param,
                  float* first_moment, float* second_moment, int64_t n, void* stream) {
  if (n == 0) { return nullptr; }
  adamw_kernel<<<flat_grid(n), kThreads, 0, stream_of(stream)>>>(factors_of(*step), grad, param,
                                                                 first_moment, second_moment, n);
  return cuda_check();
}

}  // namespace lorarun::cuda
