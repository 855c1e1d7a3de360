// Pictures from text: noise, carried from sigma 1 to 0 by a sampler (samplers/, one file each).
//
//   texts  --encoders, before-->  embeddings  --sample()-->  latents  --decode()-->  pictures
//
// Each needs other weights, so they come one after the other: encoders are gone before the
// denoiser works, and the VAE loads when the latents are there.  No text is encoded here.
//
//   sigmas 1 … 1/n, shifted by the picture's size (dynamic shift), then 0
// Reference: diffusers FlowMatchEulerDiscreteScheduler and FluxPipeline.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/io/image.h"
#include "runtime/models/registry.h"

namespace lorarun::render {

struct RenderOptions {
  int64_t width_px = 1024, height_px = 1024;
  int64_t steps = 28;
  double guidance = 3.5;
  uint64_t seed = 42;
  std::string sampler = "euler";
  std::string negative;  // what the picture says of itself; acts when true_cfg > 1
  double true_cfg = 1.0;
  std::function<void(int64_t step, const Tensor& latents)> on_step;  // from 1; [C, h, w]
};

struct Rendering {
  Image image;
  Tensor latents;  // [C, h, w], final
};

// The noise times of a run of the sampler: steps + 1 values, the last is 0.
std::vector<double> sampler_sigmas(const models::SigmaShift& shift, int64_t steps,
                                   int64_t image_tokens);

// What a picture should and should not show.  `negative` is read when true_cfg > 1.
struct Prompt {
  const models::TextEmbedding& text;
  const models::TextEmbedding* negative = nullptr;
};

// Gives the latents [C, h, w] of prompt number `index` on the model's device; its start noise is
// stream "render", step 0, sample index.  Throws Error when true_cfg > 1 has no negative text.
Tensor sample(models::Model& model, const Prompt& prompt, const RenderOptions& options,
              uint32_t index);

// The picture of latents [C, h, w]; loads the VAE, if it is not there.  `in_tiles`: in any case
// (render/decode.h), not only where there is no room.
Image picture_of(models::Model& model, const Tensor& latents, bool in_tiles = false);

// Both.
Rendering render(models::Model& model, const Prompt& prompt, const RenderOptions& options,
                 uint32_t index);

}  // namespace lorarun::render
