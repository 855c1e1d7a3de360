// Embeddings of numbers: noise times and guidance values as sines and cosines.

#pragma once

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

// [cos(t f_0) … cos(t f_n), sin(t f_0) … sin(t f_n)] with f_i = 10000^(-i / n), n = width / 2,
// in float32 whatever the type of t.  t [B] -> [B, width]; width must be even.
// Same as diffusers' Timesteps(flip_sin_to_cos=True, downscale_freq_shift=0).
Tensor time_features(const Tensor& t, int64_t width);

}  // namespace lorarun::nn
