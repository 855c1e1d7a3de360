// Heun: Euler's step corrected by the velocity at its end.
//
//   y <- x + (sigma_next - sigma) * v(x, sigma)
//   x <- x + (sigma_next - sigma) * (v(x, sigma) + v(y, sigma_next)) / 2       not in the last step
// Source: Karras et al. 2022, "Elucidating the design space of diffusion-based generative models",
// algorithm 1 without churn. Reference: diffusers FlowMatchHeunDiscreteScheduler.

#include "runtime/render/registry.h"

namespace lorarun::render {

SamplerKind describe_heun() {
  return {
      .about = "Heun, second order: two predictions a step, fewer steps for the same quality",
      .step = [](const Predict& predict, const Tensor& latents, double sigma, double sigma_next) {
        const Tensor velocity = predict(latents, sigma);
        const Tensor from = latents.to(velocity.device());
        const double span = sigma_next - sigma;
        const Tensor ahead = from + span * velocity;
        if (sigma_next <= 0.0) { return ahead; }
        return from + (span / 2) * (velocity + predict(ahead, sigma_next));
      }};
}

}  // namespace lorarun::render
