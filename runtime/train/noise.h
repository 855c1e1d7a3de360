// Noise times and noisy latents of a step, keyed by (seed, step, sample).

#pragma once

#include <vector>

#include "runtime/tensor/torch.h"
#include "runtime/train/knobs.h"

namespace lorarun::train {

// Where the samples of a micro-batch stand in the run.
struct SampleKeys {
  uint64_t seed = 0;
  uint32_t step = 0;          // optimizer step, from 1
  uint32_t first_sample = 0;  // index of row 0 in the step's whole batch
};

// Known names of timestep laws, in the order of knobs.h.
const std::vector<std::string>& timestep_laws();

// sigma [B] in [0, 1].  `image_tokens` is what flux_shift shifts by.
// Throws Error for an unknown law.
Tensor draw_sigma(const TimestepLaw& law, const SampleKeys& keys, int64_t rows,
                  int64_t image_tokens);

// noise [B, C, h, w]: stream "noise", one draw per row in row-major order.
Tensor draw_noise(const SampleKeys& keys, at::IntArrayRef shape, at::Device device = at::kCPU);

// The noise that pictures are measured with, the same for ever: stream "loss", keyed by (seed,
// index of the noise time, sample).  [B, C, h, w] for rows `first_sample` and after.
Tensor measuring_noise(uint64_t seed, uint32_t index, uint32_t first_sample, at::IntArrayRef shape,
                       at::Device device = at::kCPU);

struct Noised {
  Tensor noisy, target;  // [B, C, h, w]
};

// noisy = (1 - sigma) latent + sigma noise, target = noise - latent: on the latents' device,
// wherever noise and sigma lie.
Noised add_noise(const Tensor& latents, const Tensor& noise, const Tensor& sigma);

}  // namespace lorarun::train
