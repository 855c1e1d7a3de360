// Full training: the gradients of all weights against diffusers and transformers
// (tests/golden/README.md, full_gradients).

#include <gtest/gtest.h>

#include "kernels/keyed_random.h"
#include "runtime/models/registry.h"
#include "runtime/networks/network.h"
#include "runtime/tensor/tensor_file.h"
#include "runtime/train/loss.h"
#include "runtime/train/noise.h"
#include "runtime/train/registry.h"
#include "tests/golden/closeness.h"

namespace lorarun::train {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden";
constexpr int64_t kEntries = 32;
constexpr uint64_t kSeed = 7;
constexpr double kNothing = 1e-7;  // a gradient that is zero but for rounding

// Names as transformers 5 has them.
std::string plain_name(std::string name) {
  const size_t at = name.find("/text_model.");
  return at == std::string::npos ? name : name.erase(at + 1, std::string("text_model.").size());
}

// [2 + kEntries]: norm, mean, and the entries at keyed places, as make_full_gradients.py has them.
Tensor summary(const std::string& name, const Tensor& gradient) {
  const Tensor flat = gradient.detach().to(at::kDouble).flatten();
  std::vector<int64_t> places(kEntries);
  keyed_below(kSeed, "golden/full/" + name, 0, 0, flat.numel(), places);
  const Tensor entries = flat.index_select(0, at::tensor(places, at::kLong));
  return at::cat({flat.norm().view(1), flat.mean().view(1), entries}).to(at::kFloat);
}

class FullGradients : public testing::TestWithParam<bool> {
 protected:
  FullGradients()
      : golden_(load_tensors(kGolden / "full_gradients/gradients.safetensors")),
        model_(models::open_model(kGolden / "micro_flux", "", {.recompute = GetParam()})) {}

  // All weights of these components are leaves from now on.
  void train(const std::vector<std::string>& components) {
    std::vector<networks::WholeComponent> whole;
    for (const std::string& name : components) {
      model_->keep(name);
      whole.push_back({name, model_->weights(name)});
    }
    network_ =
        std::make_unique<networks::Network>(networks::NetworkOptions{.kind = "full"}, whole, kSeed);
  }

  Tensor flow_loss(const models::TextEmbedding& text) {
    const Noised noised =
        add_noise(golden_.at("latents"), golden_.at("noise"), golden_.at("sigma"));
    const Tensor prediction =
        model_->predict(noised.noisy, golden_.at("sigma"), text, golden_.at("guidance"));
    return sample_losses({}, prediction, noised.target).mean();
  }

  // The denoiser's, as flux_transformer_test.cpp has it, with live encoders before it.
  double denoising() const {
    const Tensor times = at::cat({golden_.at("sigma"), golden_.at("guidance")});
    return closeness::of_angles(times) + closeness::of_sums(256, 24 + 14);
  }

  // The VAE's, down and up.
  static double rebuilding() { return closeness::of_sums(72, 2 * 25); }

  // Every weight of the component has the golden's gradient, and the golden has no other.
  void expect_gradients(const std::string& component, double bound) {
    int64_t rows = 0, parameters = 0;
    for (const auto& [name, row] : golden_) { rows += name.starts_with(component + "/") ? 1 : 0; }
    for (const auto& one : network_->parameters()) {
      const std::string name = plain_name(one.name);
      if (!name.starts_with(component + "/")) { continue; }
      ++parameters;
      ASSERT_EQ(golden_.count(name), 1U) << name;
      expect_gradient(name, one.tensor.grad(), bound);
    }
    EXPECT_GT(parameters, 20) << component;
    EXPECT_EQ(parameters, rows) << component;
  }

  void expect_gradient(const std::string& name, const Tensor& gradient, double bound) {
    const Tensor& theirs = golden_.at(name);
    ASSERT_TRUE(gradient.defined() || theirs[0].item<double>() == 0.0) << name;
    if (!gradient.defined()) { return; }
    const Tensor difference = (summary(name, gradient) - theirs).abs();
    const double norm = theirs[0].item<double>();
    EXPECT_LT(difference.max().item<double>(), closeness::kOfProduct * bound * norm + kNothing)
        << name << ", norm " << norm << "\n"
        << difference;
  }

  NamedTensors golden_;
  std::unique_ptr<models::Model> model_;
  std::unique_ptr<networks::Network> network_;
};

TEST_P(FullGradients, OfTheTransformerEqualDiffusers) {
  train({"transformer"});
  const Tensor loss = flow_loss(
      {.text = {{"t5", golden_.at("text")}}, .pooled = {{"clip_l", golden_.at("pooled")}}});
  closeness::expect_near(loss.view({1}), golden_.at("denoise.loss"),
                         closeness::kOfProduct * denoising(), "denoise.loss");
  loss.backward();
  expect_gradients("transformer", denoising());
}

TEST_P(FullGradients, OfLiveTextEncodersEqualTransformers) {
  train({"transformer", "clip_l", "t5"});
  const Tensor loss = flow_loss(model_->encode_text(
      {"a small striped creature on the grass, looking left, at night", "un café"}));
  closeness::expect_near(loss.view({1}), golden_.at("live.loss"),
                         closeness::kOfProduct * denoising(), "live.loss");
  loss.backward();
  expect_gradients("clip_l", denoising());
  expect_gradients("t5", denoising());
}

TEST_P(FullGradients, OfAnAutoencodingVaeEqualDiffusers) {
  train({"vae"});
  const auto objective =
      registry()
          .get("autoencode", "objective")
          .make({{"l1", 1.0}, {"l2", 2.0}, {"gradient", 0.5}, {"kl", 0.03}, {"scale", 0.25}});
  const data::MicroBatch micro{.latents = golden_.at("pixels"), .weight = at::ones({2})};
  const OpenedMicro opened =
      objective->losses(*model_, micro, {}, {}, {.seed = kSeed, .step = 1, .first_sample = 0});
  closeness::expect_near(opened.loss, golden_.at("autoencode.losses"),
                         closeness::kOfProduct * rebuilding(), "autoencode.losses");
  opened.loss.mean().backward();
  expect_gradients("vae", rebuilding());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutRecompute, FullGradients, testing::Bool());

}  // namespace
}  // namespace lorarun::train
