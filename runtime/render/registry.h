// The samplers: one file each in samplers/, by the file's name.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/registry.h"
#include "runtime/tensor/torch.h"

namespace lorarun::render {

// latents [1, C, h, w], sigma -> the flow's velocity [1, C, h, w] float32
using Predict = std::function<Tensor(const Tensor& latents, double sigma)>;

struct SamplerKind {
  std::string about;  // one line for --help
  // Goes from sigma to sigma_next (0 at the end) and gives the latents there.
  std::function<Tensor(const Predict& predict, const Tensor& latents, double sigma,
                       double sigma_next)>
      step;
};

const Registry<SamplerKind>& registry();  // generated

}  // namespace lorarun::render
