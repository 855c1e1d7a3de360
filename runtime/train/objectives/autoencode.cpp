// The VAE learns to rebuild pictures from a sample of its own posterior.
//
//   d = decode(mean + std noise) - pixels
//   rebuild(d) = l1 mean|d| + l2 mean d^2 + gradient (mean|dx d| + mean|dy d|)
//   loss = rebuild(d) + kl KL + scale rebuild(decode(half latent) - half pixels)
//   KL = mean over the latent of (mean^2 + var - 1 - log var) / 2
//
// `kl` decides how exactly a latent must be hit to be decoded, `scale` that a latent of half the
// size is the picture at half the size: both keep out of the latent what a denoiser cannot learn.
// dx and dy are forward differences: they make edges sharp that l1 and l2 leave soft.  The noise is
// stream "latent", keyed by (seed, step, sample).  A measurement decodes the posterior's mean and
// leaves KL out; noise times mean nothing here, so every sigma gives the same number.
//
// Source: Kingma and Welling 2014, "Auto-encoding variational Bayes"; KL per element, so that its
// weight does not depend on the picture's size; `scale` from Skorokhodov et al. 2025, "Improving
// the diffusability of autoencoders".

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/registry.h"

namespace lorarun::train {
namespace {

struct Weights {
  double l1 = 1.0, l2 = 2.0, gradient = 0.5, kl = 5e-4, scale = 0.0;
};

double weight_of(const Json& options, const char* key, double otherwise) {
  if (!options.contains(key) || options[key].is_null()) { return otherwise; }
  const Json& value = options[key];
  const bool good = value.is_number() && std::isfinite(value.get<double>()) && value >= 0.0;
  if (!good) {
    throw Error(std::string(key) + " must be a finite number of at least 0, not " + value.dump())
        .where(std::string("objective.") + key);
  }
  return value.get<double>();
}

Weights read_weights(const Json& options) {
  Weights weights;
  weights.l1 = weight_of(options, "l1", weights.l1);
  weights.l2 = weight_of(options, "l2", weights.l2);
  weights.gradient = weight_of(options, "gradient", weights.gradient);
  weights.kl = weight_of(options, "kl", weights.kl);
  weights.scale = weight_of(options, "scale", weights.scale);
  if (weights.l1 + weights.l2 + weights.gradient == 0.0) {
    throw Error("l1, l2 and gradient are 0: nothing asks for the picture back")
        .where("objective")
        .fix("autoencode { l1 = 1, l2 = 2, gradient = 0.5, kl = 5e-4 }");
  }
  return weights;
}

// mean |x| of each sample
Tensor mean_size(const Tensor& x) {
  return x.abs().mean({1, 2, 3});
}

// Each 2 x 2 square's mean.
Tensor half(const Tensor& x) {
  return at::avg_pool2d(x, {2, 2});
}

Tensor edge_losses(const Tensor& d) {
  return mean_size(d.diff(1, 3)) + mean_size(d.diff(1, 2));
}

class Autoencode : public Objective {
 public:
  explicit Autoencode(const Weights& weights) : weights_(weights) {}

  OpenedMicro losses(models::Model& model, const data::MicroBatch& micro,
                     const models::TextEmbedding& text, const Knobs&,
                     const SampleKeys& keys) const override {
    OpenedMicro opened{.latents = micro.latents, .target = micro.latents, .text = text};
    const auto [mean, logvar] = model.image_posterior(micro.latents);
    opened.noise = keyed_normal_rows(keys.seed, "latent", keys.step, keys.first_sample,
                                     mean.sizes(), mean.device())
                       .to(mean.scalar_type());
    opened.noisy = mean + at::exp(0.5 * logvar) * opened.noise;
    opened.prediction = model.image_of(opened.noisy);
    const Tensor divergence = 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).mean({1, 2, 3});
    opened.loss = rebuilding(opened.prediction, micro.latents) + weights_.kl * divergence;
    if (weights_.scale > 0.0) {
      opened.loss = opened.loss + weights_.scale * rebuilding(model.image_of(half(opened.noisy)),
                                                              half(micro.latents));
    }
    opened.weight = micro.weight;
    opened.sigma = opened.guidance = at::zeros_like(micro.weight);
    return opened;
  }

  Tensor measure(models::Model& model, const data::MicroBatch& micro, const models::TextEmbedding&,
                 uint32_t, const LossOptions&) const override {
    return rebuilding(model.image_of(model.image_posterior(micro.latents).mean), micro.latents);
  }

 private:
  // [B]
  Tensor rebuilding(const Tensor& rebuilt, const Tensor& pixels) const {
    const Tensor d = rebuilt.to(at::kFloat) - pixels.to(at::kFloat);
    Tensor sum = weights_.l1 * mean_size(d) + weights_.l2 * d.square().mean({1, 2, 3});
    if (weights_.gradient > 0.0) { sum = sum + weights_.gradient * edge_losses(d); }
    return sum;
  }

  Weights weights_;
};

}  // namespace

ObjectiveKind describe_autoencode() {
  return {.about = "the VAE learns to rebuild pictures",
          .options = {"l1", "l2", "gradient", "kl", "scale"},
          .takes_pixels = true,
          .make = [](const Json& options) {
            return std::make_unique<Autoencode>(read_weights(options));
          }};
}

}  // namespace lorarun::train
