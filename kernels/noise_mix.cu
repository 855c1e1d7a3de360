// noisy = (1 - s) * latent + s * noise, target = noise - latent   (rectified flow)
//
// One pass; memory bound: reads 2, writes 2 elements.
//   latent, noise, noisy, target [B, N] fp32     sigma [B] fp32 in [0, 1]
// Twin: noise_mix.cpp, bit-equal.

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

// latent and noisy, noise and target may be the same memory: no __restrict__.
__global__ void noise_mix_kernel(const float* latent, const float* noise, const float* sigma,
                                 float* noisy, float* target, int64_t N) {
  const int64_t n = flat_index();
  if (n >= N) { return; }
  const int64_t at = blockIdx.y * N + n;  // blockIdx.y is the sample
  const float x = latent[at], e = noise[at], s = sigma[blockIdx.y];
  noisy[at] = mul_add(__fsub_rn(1.0f, s), x, __fmul_rn(s, e));
  target[at] = __fsub_rn(e, x);
}

}  // namespace

const char* noise_mix(const float* latent, const float* noise, const float* sigma, float* noisy,
                      float* target, int64_t B, int64_t N, Place where) {
  return launch("noise_mix", where, B, N, noise_mix_kernel, latent, noise, sigma, noisy, target, N);
}

}  // namespace lorarun::cuda
