// noisy = (1 - s) * latent + s * noise,  target = noise - latent     (rectified flow)
//
// One pass instead of four ATen ops; memory bound: reads 2 floats, writes 2.
//   latent, noise, noisy, target: one sample, N floats     s: its sigma in [0, 1]
// Source: Liu, Gong, Liu, "Flow straight and fast", 2022; FLUX's training target.
// CUDA twin: noise_mix.cu, bit-equal (no contraction).

#pragma once

#include <span>

namespace lorarun {

// Requires: four spans of one length; noisy may be latent, target may be noise.
void noise_mix(std::span<const float> latent, std::span<const float> noise, float sigma,
               std::span<float> noisy, std::span<float> target);

}  // namespace lorarun
