// The table of CUDA launchers that liblorarun_cuda.so hands to the program.
//
// Only C types cross the border, so that the program neither links nor
// includes CUDA.  All pointers are device memory; work is queued on `stream`
// (a cudaStream_t, null for the default one) and not waited for.  A launcher
// returns null, or a text of static life that says why the launch failed.

#pragma once

#include <stdint.h>

extern "C" {

struct lorarun_adamw_step {
  int64_t step;
  double learning_rate, beta1, beta2, eps, weight_decay;
};

struct lorarun_cuda_ops {
  int32_t version;       // 1
  int32_t struct_bytes;  // sizeof(lorarun_cuda_ops): a plugin of another build is refused

  // out[n], as keyed_random.h; stream_hash = fnv1a32(stream's name)
  const char* (*keyed_words)(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                             uint32_t* out, int64_t n, void* stream);
  const char* (*keyed_uniform)(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                               float* out, int64_t n, void* stream);
  const char* (*keyed_normal)(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                              float* out, int64_t n, void* stream);

  // latent, noise, noisy, target [B, N]; sigma [B], as noise_mix.h
  const char* (*noise_mix)(const float* latent, const float* noise, const float* sigma,
                           float* noisy, float* target, int64_t B, int64_t N, void* stream);

  // grad, param, first_moment, second_moment [n], as adamw.h
  const char* (*adamw)(const lorarun_adamw_step* step, const float* grad, float* param,
                       float* first_moment, float* second_moment, int64_t n, void* stream);

  // param, average [n], as ema.h
  const char* (*ema)(const float* param, double decay, float* average, int64_t n, void* stream);
};

const lorarun_cuda_ops* lorarun_cuda_ops_v1();
}

namespace lorarun {
using CudaOps = lorarun_cuda_ops;
}
