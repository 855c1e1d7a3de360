// Euler: straight along the velocity.
//
//   x <- x + (sigma_next - sigma) * v(x, sigma)
// Reference: diffusers FlowMatchEulerDiscreteScheduler.

#include "runtime/render/registry.h"

namespace lorarun::render {

SamplerKind describe_euler() {
  return {
      .about = "Euler, the scheduler of FLUX's pipelines; one prediction a step",
      .step = [](const Predict& predict, const Tensor& latents, double sigma, double sigma_next) {
        const Tensor velocity = predict(latents, sigma);
        return latents.to(velocity.device()) + (sigma_next - sigma) * velocity;
      }};
}

}  // namespace lorarun::render
