#include "runtime/render/sampler.h"

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/render/decode.h"
#include "runtime/render/pixels.h"
#include "runtime/render/registry.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::render {
namespace {

// mu grows linearly with the tokens of the picture, through the two points of the scheduler.
double dynamic_mu(const models::SigmaShift& shift, int64_t image_tokens) {
  const double slope = (shift.max_shift - shift.base_shift) /
                       static_cast<double>(shift.max_tokens - shift.base_tokens);
  return shift.base_shift + slope * static_cast<double>(image_tokens - shift.base_tokens);
}

double shifted(double sigma, double factor) {
  return factor * sigma / (1.0 + (factor - 1.0) * sigma);
}

void expect_side(const char* side, int64_t px, int64_t multiple_px) {
  if (px > 0 && px % multiple_px == 0) { return; }
  const int64_t below = std::max(px / multiple_px, int64_t{1}) * multiple_px;
  throw Error(std::string(side) + " " + std::to_string(px) + " px is no multiple of " +
              std::to_string(multiple_px))
      .where("the size of the picture")
      .fix("use " + std::to_string(below) + " or " + std::to_string(below + multiple_px));
}

void expect_options(const models::Model& model, const Prompt& prompt,
                    const RenderOptions& options) {
  if (options.steps < 1) {
    throw Error("a picture needs at least 1 step, not " + std::to_string(options.steps))
        .where("render.steps")
        .fix("use 20 to 30");
  }
  expect_side("width", options.width_px, model.size_multiple_px());
  expect_side("height", options.height_px, model.size_multiple_px());
  if (options.true_cfg > 1.0 && prompt.negative == nullptr) {
    throw Error("true_cfg is " + Json(options.true_cfg).dump() + ", and there is no negative text")
        .where("render.true_cfg")
        .fix("give the embedding of the negative prompt; that of \"\" does");
  }
}

// What the model predicts, with the negative text's share taken away (classifier-free guidance).
class Predictor {
 public:
  Predictor(models::Model& model, const Prompt& prompt, const RenderOptions& options)
      : model_(model), prompt_(prompt), options_(options) {}

  // latents [1, C, h, w] -> prediction [1, C, h, w] float32
  Tensor operator()(const Tensor& latents, double sigma) const {
    const Tensor sigmas = at::full({1}, sigma, at::kFloat);
    const Tensor guidance = at::full({1}, options_.guidance, at::kFloat);
    const Tensor wanted = model_.predict(latents, sigmas, prompt_.text, guidance);
    if (options_.true_cfg <= 1.0) { return wanted; }
    const Tensor unwanted = model_.predict(latents, sigmas, *prompt_.negative, guidance);
    return unwanted + options_.true_cfg * (wanted - unwanted);
  }

 private:
  models::Model& model_;
  const Prompt& prompt_;
  const RenderOptions& options_;
};

}  // namespace

std::vector<double> sampler_sigmas(const models::SigmaShift& shift, int64_t steps,
                                   int64_t image_tokens) {
  const double factor = shift.dynamic ? std::exp(dynamic_mu(shift, image_tokens)) : shift.shift;
  const auto n = static_cast<double>(steps);
  std::vector<double> sigmas;
  for (int64_t step = 0; step < steps; ++step) {
    sigmas.push_back(shifted(1.0 - static_cast<double>(step) / n, factor));
  }
  sigmas.push_back(0.0);
  return sigmas;
}

Tensor sample(models::Model& model, const Prompt& prompt, const RenderOptions& options,
              uint32_t index) {
  const at::NoGradGuard guard;
  expect_options(model, prompt, options);
  const SamplerKind& sampler = registry().get(options.sampler, "sampler");
  const int64_t h = options.height_px / model.pixels_per_latent();
  const int64_t w = options.width_px / model.pixels_per_latent();
  Tensor x = keyed_normal(options.seed, "render", 0, index, {1, model.latent_channels(), h, w});
  const Predictor predict(model, prompt, options);
  const std::vector<double> sigmas =
      sampler_sigmas(model.sigma_shift(), options.steps, model.image_tokens(h, w));
  for (size_t step = 0; step + 1 < sigmas.size(); ++step) {
    x = sampler.step(predict, x, sigmas[step], sigmas[step + 1]);
    if (options.on_step) { options.on_step(static_cast<int64_t>(step) + 1, x[0]); }
  }
  return x[0];
}

Image picture_of(models::Model& model, const Tensor& latents, bool in_tiles) {
  const at::NoGradGuard guard;
  const Tensor all = latents.unsqueeze(0);
  return to_image((in_tiles ? decode_in_tiles(model, all) : decode(model, all))[0]);
}

Rendering render(models::Model& model, const Prompt& prompt, const RenderOptions& options,
                 uint32_t index) {
  const Tensor latents = sample(model, prompt, options, index);
  return {.image = picture_of(model, latents), .latents = latents.cpu()};
}

}  // namespace lorarun::render
