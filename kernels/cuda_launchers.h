// The launchers that cuda_plugin.cpp puts into the table of cuda_ops.h; one file each.

#pragma once

#include "kernels/cuda_ops.h"

namespace lorarun::cuda {

const char* keyed_words(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                        uint32_t* out, int64_t n, void* stream);
const char* keyed_uniform(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                          float* out, int64_t n, void* stream);
const char* keyed_normal(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                         float* out, int64_t n, void* stream);
const char* noise_mix(const float* latent, const float* noise, const float* sigma, float* noisy,
                      float* target, int64_t B, int64_t N, void* stream);
const char* adamw(const lorarun_adamw_step* step, const float* grad, float* param,
                  float* first_moment, float* second_moment, int64_t n, void* stream);
const char* ema(const float* param, double decay, float* average, int64_t n, void* stream);

}  // namespace lorarun::cuda
