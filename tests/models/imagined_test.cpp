// Models of true size, counted from their configs: no weights, no numbers, no time.

#include "runtime/tensor/imagined.h"

#include <gtest/gtest.h>

#include "runtime/models/registry.h"
#include "tests/cli/flux_dev_configs.h"

namespace lorarun::models {
namespace {

class FluxDev : public testing::Test {
 protected:
  FluxDev() { imagined::start(); }

  std::unique_ptr<Model> open(bool recompute = false) const {
    const nn::Placement there = {.dtype = at::kBFloat16, .device = at::kMeta};
    return open_model(
        configs_.path(), "flux",
        {.denoiser = there, .vae = there, .text_encoder = there, .recompute = recompute});
  }

  cli::FluxDevConfigs configs_;
};

int64_t parameters(Model& model, const std::string& component) {
  int64_t count = 0;
  for (const auto& [name, tensor] : model.weights(component)) { count += tensor.numel(); }
  return count;
}

// As published for FLUX.1-dev, its VAE, CLIP-L's text model and T5-XXL's encoder.
TEST_F(FluxDev, HasAsManyParametersAsItsConfigsSay) {
  const auto model = open();
  EXPECT_EQ(parameters(*model, "transformer"), 11'901'408'320);
  EXPECT_EQ(parameters(*model, "vae"), 83'819'683);
  EXPECT_EQ(parameters(*model, "clip_l"), 123'060'480);
  EXPECT_EQ(parameters(*model, "t5"), 4'762'310'656);
}

TEST_F(FluxDev, IsCountedWhileItIsThere) {
  const int64_t before = imagined::bytes();
  {
    const auto model = open();
    const int64_t bytes = 2 * parameters(*model, "transformer");
    EXPECT_NEAR(static_cast<double>(imagined::bytes() - before), static_cast<double>(bytes),
                1e-4 * static_cast<double>(bytes));
  }
  EXPECT_EQ(imagined::bytes(), before);
}

// Attention keeps rows, never the table of scores: 24 x 4608 x 4608 of those are a gigabyte.
TEST_F(FluxDev, PredictsAPictureOf1024PixelsWithinHalfAGigabyte) {
  const at::NoGradGuard none;
  const auto model = open();
  TextEmbedding text = model->encode_text({"a fox"});
  model->release("text");
  const Tensor latents = at::zeros({1, 16, 128, 128}), one = at::ones({1});
  model->predict(latents, one, text, one);
  const int64_t before = imagined::bytes();
  imagined::reset_peak();
  model->predict(latents, one, text, one);
  EXPECT_LT(imagined::peak_bytes() - before, 500'000'000);
}

TEST_F(FluxDev, ReadsAOneFromEveryTensor) {
  EXPECT_EQ(at::empty({1}, at::kMeta).item<double>(), 1.0);
  EXPECT_EQ(at::empty({2}, at::kMeta).to(at::kCPU).sum().item<double>(), 2.0);
}

}  // namespace
}  // namespace lorarun::models
