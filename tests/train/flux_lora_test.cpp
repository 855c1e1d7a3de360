// LoRA on FLUX's transformer: the gradients of every target against diffusers + peft.

#include <gtest/gtest.h>

#include "runtime/base/files.h"
#include "runtime/models/denoiser/flux_transformer.h"
#include "runtime/networks/network.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/golden/closeness.h"

namespace lorarun {
namespace {

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden";

class FluxLora : public testing::TestWithParam<bool> {
 protected:
  FluxLora()
      : golden_(load_tensors(kGolden / "lora_gradients.safetensors")),
        inputs_(load_tensors(kGolden / "transformer.safetensors")),
        model_(kGolden / "micro_flux" / "transformer", {}),
        network_({.options = {{"rank", 3}, {"alpha", 6.0}}}, layers(), 42, at::kCPU) {
    model_.set_recompute(GetParam());
    const at::NoGradGuard off;
    for (const auto& entry : network_.entries()) {
      for (const auto& one : entry.module->named_parameters()) {
        one.tensor.copy_(golden_.at("adapter/" + entry.target + "." + one.name));
      }
    }
  }

  std::vector<nn::AdaptableLayer> layers() {
    std::vector<nn::AdaptableLayer> all;
    for (nn::Linear* layer : model_.linears()) { all.push_back({"transformer", layer}); }
    return all;
  }

  Tensor predict() const {
    return model_.forward({.noisy = inputs_.at("noisy"),
                           .sigma = inputs_.at("sigma"),
                           .text = inputs_.at("text"),
                           .pooled = inputs_.at("pooled"),
                           .guidance = inputs_.at("guidance")});
  }

  // As flux_transformer_test.cpp has it, with two more sums for each adapter.
  double bound() const {
    const Tensor times = at::cat({inputs_.at("sigma"), inputs_.at("guidance")});
    return closeness::of_angles(times) + closeness::of_sums(256, 24 + 2 * 12);
  }

  NamedTensors golden_, inputs_;
  models::FluxTransformer model_;
  networks::Network network_;
};

TEST_P(FluxLora, LossAndGradientsOfEveryTargetEqualPeft) {
  ASSERT_EQ(network_.entries().size(), 34u);
  const Tensor prediction = predict();
  closeness::expect_near(prediction, golden_.at("prediction"), bound(), "prediction");
  const Tensor loss = at::mse_loss(prediction, golden_.at("target"));
  closeness::expect_near(loss.view({1}), golden_.at("loss"), closeness::kOfProduct * bound(),
                         "loss");
  loss.backward();
  for (const auto& entry : network_.entries()) {
    for (const auto& one : entry.module->named_parameters()) {
      const std::string name = entry.target + "." + one.name;
      ASSERT_TRUE(one.tensor.grad().defined()) << name;
      closeness::expect_near(one.tensor.grad(), golden_.at("grad/" + name),
                             closeness::kOfProduct * bound(), name);
    }
  }
}

TEST_P(FluxLora, AnotherScaleIsFarOutsideTheBound) {
  const at::NoGradGuard none;
  for (const auto& entry : network_.entries()) { entry.module->strength = 1.01; }
  closeness::expect_far(predict(), golden_.at("prediction"), bound(), "scale");
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutRecompute, FluxLora, testing::Bool());

TEST(FluxLoraRecompute, ChangesNoBitOfAnyGradient) {
  std::vector<std::vector<Tensor>> gradients;
  for (const bool recompute : {false, true}) {
    models::FluxTransformer model(kGolden / "micro_flux" / "transformer", {});
    model.set_recompute(recompute);
    std::vector<nn::AdaptableLayer> layers;
    for (nn::Linear* layer : model.linears()) { layers.push_back({"transformer", layer}); }
    networks::Network network({.options = {{"rank", 3}, {"dropout", 0.25}}}, layers, 42, at::kCPU);
    network.clock() = {.training = true, .seed = 42, .step = 1, .first_sample = 0};
    const NamedTensors inputs = load_tensors(kGolden / "transformer.safetensors");
    weighed_sum(model.forward({.noisy = inputs.at("noisy"),
                               .sigma = inputs.at("sigma"),
                               .text = inputs.at("text"),
                               .pooled = inputs.at("pooled"),
                               .guidance = inputs.at("guidance")}))
        .backward();
    gradients.emplace_back();
    for (const auto& one : network.parameters()) { gradients.back().push_back(one.tensor.grad()); }
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    EXPECT_TRUE(at::equal(gradients[0][i], gradients[1][i])) << "parameter " << i;
  }
}

}  // namespace
}  // namespace lorarun
