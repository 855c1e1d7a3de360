// The launchers that cuda_plugin.cpp puts into the table of cuda_ops.h; one .cu file each.

#pragma once

#include "kernels/cuda_ops.h"

namespace lorarun::cuda {

using Key = lorarun_key;
using Place = lorarun_place;
using AdamwFactors = lorarun_adamw_factors;

const char* keyed_uniform(Key key, float* out, int64_t B, int64_t N, Place where);
const char* keyed_normal(Key key, float* out, int64_t B, int64_t N, Place where);
const char* keyed_mask(Key key, float rate, float kept, float* out, int64_t B, int64_t N,
                       Place where);
const char* noise_mix(const float* latent, const float* noise, const float* sigma, float* noisy,
                      float* target, int64_t B, int64_t N, Place where);
const char* adamw(AdamwFactors factors, const float* grad, float* param, float* first_moment,
                  float* second_moment, int64_t n, Place where);
const char* ema(const float* param, float weight, float* average, int64_t n, Place where);

}  // namespace lorarun::cuda
