#include "kernels/noise_mix.h"

#include "kernels/spans.h"
#include "runtime/base/error.h"

namespace lorarun {

void noise_mix(std::span<const float> latent, std::span<const float> noise, float sigma,
               std::span<float> noisy, std::span<float> target) {
  LR_CHECK(latent.size() == noise.size() && latent.size() == noisy.size() &&
               latent.size() == target.size(),
           "noise_mix needs spans of one length");
  const float keep = 1.0f - sigma;
  parallel_chunks(std::ssize(latent), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float x = latent[i], e = noise[i];
      noisy[i] = keep * x + sigma * e;
      target[i] = e - x;
    }
  });
}

}  // namespace lorarun
