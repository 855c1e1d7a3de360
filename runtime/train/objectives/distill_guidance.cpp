// The denoiser learns what its guidance value means: one pass then gives what classifier-free
// guidance takes two for.
//
//   teacher   the base as its files have it, at guidance 1: u (empty caption), c (the caption)
//   target    u + g (c - u)          at guidance g, uniform in [1, max]: stream "guidance"
//   anchor    a part of the samples stays at guidance 1 with denoise's own target
//
// A teacher that learns with its student runs away with it: what guidance g was taught yesterday
// stands in c today.  So the base is opened a second time, and costs the memory of its denoiser.
//
// Source: Meng et al. 2023, "On distillation of guided diffusion models"; FLUX.1-dev was made so.
// Needs a model that embeds guidance and was trained with caption dropout.

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/loss.h"
#include "runtime/train/registry.h"

namespace lorarun::train {
namespace {

struct Distilling {
  double max = 5.0;     // highest guidance
  double anchor = 0.5;  // part of the samples at guidance 1
};

double number(const Json& options, const char* key, double otherwise, double low, double high) {
  if (!options.contains(key) || options[key].is_null()) { return otherwise; }
  const Json& value = options[key];
  if (!value.is_number() || !(value >= low && value <= high)) {
    throw Error(std::string(key) + " must be a number from " + std::to_string(low) + " to " +
                std::to_string(high) + ", not " + value.dump())
        .where(std::string("objective.") + key);
  }
  return value.get<double>();
}

class DistillGuidance : public Objective {
 public:
  explicit DistillGuidance(const Distilling& options) : options_(options) {}

  OpenedMicro losses(models::Model& model, const data::MicroBatch& micro,
                     const models::TextEmbedding& text, const Knobs& knobs,
                     const SampleKeys& keys) const override {
    if (!model.embeds_guidance()) {
      throw Error("this model embeds no guidance value")
          .where("objective")
          .fix("use denoise; classifier-free guidance works without (render.true_cfg)");
    }
    const int64_t rows = micro.latents.size(0);
    const int64_t tokens = model.image_tokens(micro.latents.size(2), micro.latents.size(3));
    const at::Device device = micro.latents.device();
    OpenedMicro opened{.latents = micro.latents, .weight = micro.weight, .text = text};
    opened.sigma = draw_sigma(knobs.timesteps, keys, rows, tokens).to(device);
    opened.noise = draw_noise(keys, micro.latents.sizes(), device);
    opened.guidance = draw_guidance(keys, rows).to(device);
    const Noised noised = add_noise(opened.latents, opened.noise, opened.sigma);
    opened.noisy = noised.noisy;
    opened.target = target_of(model, opened, noised.target);
    opened.prediction = model.predict(opened.noisy, opened.sigma, text, opened.guidance);
    opened.loss = sample_losses(knobs.loss, opened.prediction, opened.target);
    opened.weight = opened.weight * sigma_weights(knobs.loss, opened.sigma);
    return opened;
  }

  Tensor measure(models::Model& model, const data::MicroBatch& micro,
                 const models::TextEmbedding& text, uint32_t index,
                 const LossOptions& options) const override {
    static const std::unique_ptr<Objective> denoise =
        registry().get("denoise", "objective").make({});
    return denoise->measure(model, micro, text, index, options);
  }

 private:
  // [B]: 1 for the anchors.
  Tensor draw_guidance(const SampleKeys& keys, int64_t rows) const {
    std::vector<Tensor> values;
    for (int64_t row = 0; row < rows; ++row) {
      const Tensor drawn = keyed_uniform(keys.seed, "guidance", keys.step,
                                         static_cast<uint32_t>(keys.first_sample + row), {2});
      const bool is_anchor = drawn[0].item<double>() < options_.anchor;
      values.push_back(is_anchor ? at::ones({1})
                                 : 1.0 + (options_.max - 1.0) * drawn.narrow(0, 1, 1));
    }
    return at::cat(values);
  }

  models::Model& teacher_of(const models::Model& model) const {
    if (!teacher_) { teacher_ = model.reopen(); }
    return *teacher_;
  }

  static bool has_encoders(const models::Model& model) {
    const std::vector<std::string> all = model.text_encoders();
    return std::any_of(all.begin(), all.end(),
                       [&model](const std::string& one) { return model.is_loaded(one); });
  }

  // The rows of the empty text.  Encoders that are not there for another reason load once for it,
  // and go: beside a denoiser and its teacher they have no room.
  const models::TextEmbedding& empty_text(models::Model& model, int64_t rows) const {
    const bool are_live = has_encoders(model);
    if (!are_live && empty_rows_ == rows) { return empty_; }
    empty_ = model.encode_text(std::vector<std::string>(static_cast<size_t>(rows), ""));
    empty_rows_ = are_live ? 0 : rows;
    if (!are_live) { model.release("text"); }
    return empty_;
  }

  Tensor target_of(models::Model& model, const OpenedMicro& opened, const Tensor& flow) const {
    const at::NoGradGuard none;
    models::Model& teacher = teacher_of(model);
    const Tensor plain = at::ones_like(opened.guidance);
    const int64_t rows = opened.latents.size(0);
    const models::TextEmbedding& empty = empty_text(model, rows);
    const Tensor with = teacher.predict(opened.noisy, opened.sigma, opened.text, plain);
    const Tensor without = teacher.predict(opened.noisy, opened.sigma, empty, plain);
    const Tensor g = opened.guidance.view({-1, 1, 1, 1});
    return at::where(g == 1.0, flow, without + g * (with - without));
  }

  Distilling options_;
  mutable std::unique_ptr<models::Model> teacher_;  // opened at the first step
  mutable models::TextEmbedding empty_;
  mutable int64_t empty_rows_ = 0;  // of empty_, while the encoders' weights stay as they are
};

}  // namespace

ObjectiveKind describe_distill_guidance() {
  return {.about = "the denoiser learns to give guided pictures in one pass",
          .options = {"max", "anchor"},
          .make = [](const Json& options) {
            return std::make_unique<DistillGuidance>(
                Distilling{.max = number(options, "max", 5.0, 1.0, 100.0),
                           .anchor = number(options, "anchor", 0.5, 0.0, 1.0)});
          }};
}

}  // namespace lorarun::train
