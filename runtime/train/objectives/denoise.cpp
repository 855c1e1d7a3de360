// Flow matching: noisy = (1 - sigma) latent + sigma noise; the denoiser predicts noise - latent.
//
// Sources: Lipman et al. 2023, "Flow matching for generative modeling"; the law of sigma and the
// weighting by sigma as in diffusers and sd-scripts (docs/policies.md).

#include "runtime/base/error.h"
#include "runtime/train/loss.h"
#include "runtime/train/registry.h"

namespace lorarun::train {
namespace {

class Denoise : public Objective {
 public:
  OpenedMicro losses(models::Model& model, const data::MicroBatch& micro,
                     const models::TextEmbedding& text, const Knobs& knobs,
                     const SampleKeys& keys) const override {
    const int64_t rows = micro.latents.size(0);
    const int64_t tokens = model.image_tokens(micro.latents.size(2), micro.latents.size(3));
    const at::Device device = micro.latents.device();
    OpenedMicro opened{.latents = micro.latents, .text = text};
    opened.sigma = draw_sigma(knobs.timesteps, keys, rows, tokens).to(device);
    opened.noise = draw_noise(keys, micro.latents.sizes(), device);
    opened.guidance = numbers(rows, knobs.guidance, device);
    predict(model, text, opened);
    opened.loss = sample_losses(knobs.loss, opened.prediction, opened.target);
    opened.weight = micro.weight * sigma_weights(knobs.loss, opened.sigma);
    return opened;
  }

  Tensor measure(models::Model& model, const data::MicroBatch& micro,
                 const models::TextEmbedding& text, uint32_t index,
                 const LossOptions& options) const override {
    const double sigma = options.sigmas[index];
    if (!(sigma >= 0.0 && sigma <= 1.0)) {
      throw Error("a noise time of " + std::to_string(sigma)).fix("sigmas lie from 0 to 1");
    }
    const int64_t rows = micro.latents.size(0);
    const at::Device device = micro.latents.device();
    OpenedMicro opened{.latents = micro.latents};
    opened.sigma = numbers(rows, sigma, device);
    opened.noise =
        measuring_noise(options.seed, index, micro.first_sample, micro.latents.sizes(), device);
    opened.guidance = numbers(rows, options.guidance, device);
    predict(model, text, opened);
    return sample_losses(options.loss, opened.prediction, opened.target);
  }

 private:
  // [rows], all of one value
  static Tensor numbers(int64_t rows, double value, at::Device device) {
    return at::full({rows}, value, at::TensorOptions(at::kFloat).device(device));
  }

  // Fills noisy, target and prediction.
  static void predict(models::Model& model, const models::TextEmbedding& text,
                      OpenedMicro& opened) {
    const Noised noised = add_noise(opened.latents, opened.noise, opened.sigma);
    opened.noisy = noised.noisy;
    opened.target = noised.target;
    opened.prediction = model.predict(opened.noisy, opened.sigma, text, opened.guidance);
  }
};

}  // namespace

ObjectiveKind describe_denoise() {
  return {.about = "the denoiser learns to make pictures from noise and captions",
          .options = {},
          .make = [](const Json&) { return std::make_unique<Denoise>(); }};
}

}  // namespace lorarun::train
