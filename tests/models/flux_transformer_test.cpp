// FLUX's transformer against diffusers on tests/golden (micro_flux).

#include "runtime/models/denoiser/flux_transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/golden/closeness.h"

namespace lorarun::models {
namespace {

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden";
const fs::path kFolder = kGolden / "micro_flux" / "transformer";

// |prediction - golden| / |golden| of diffusers in bfloat16 on the same inputs.
constexpr double kBfloat16Error = 0.026135;

class FluxTransformerTest : public testing::Test {
 protected:
  FluxTransformerTest() : golden_(load_tensors(kGolden / "transformer.safetensors")) {}

  FluxTransformer::Inputs inputs() const {
    return {.noisy = golden_.at("noisy"),
            .sigma = golden_.at("sigma"),
            .text = golden_.at("text"),
            .pooled = golden_.at("pooled"),
            .guidance = golden_.at("guidance")};
  }

  // Text and image enter by one sum.  Everything else sees the time: 256 features in a sum, and
  // then at most 6 sums in each of 4 blocks.
  double bound_of(const std::string& part) const {
    if (part == "embed.image" || part == "embed.text") { return closeness::of_sums(64, 1); }
    const Tensor times = at::cat({golden_.at("sigma"), golden_.at("guidance")});
    return closeness::of_angles(times) + closeness::of_sums(256, 24);
  }

  // Gradients of all weights under full training.
  std::map<std::string, Tensor> full_gradients(bool recompute) const {
    FluxTransformer model(kFolder, {});
    model.set_recompute(recompute);
    auto weights = model.weights();
    for (auto& [name, weight] : weights) { weight.requires_grad_(true); }
    weighed_sum(model.forward(inputs())).backward();
    std::map<std::string, Tensor> gradients;
    for (const auto& [name, weight] : weights) { gradients[name] = weight.grad(); }
    return gradients;
  }

  NamedTensors golden_;
};

TEST_F(FluxTransformerTest, EveryPartGivesWhatDiffusersGives) {
  FluxTransformer model(kFolder, {});
  int seen = 0;
  model.watch([&](const std::string& name, const Tensor& value) {
    ASSERT_TRUE(golden_.contains(name)) << name;
    closeness::expect_near(value, golden_.at(name), bound_of(name), name);
    ++seen;
  });
  model.forward(inputs());
  EXPECT_EQ(seen, 3 + 4 + 4 + 1);
}

TEST_F(FluxTransformerTest, PredictionEqualsDiffusers) {
  const FluxTransformer model(kFolder, {});
  const Tensor prediction = model.forward(inputs());
  EXPECT_EQ(prediction.sizes(), at::IntArrayRef({2, 16, 6, 10}));
  const double bound = bound_of("prediction");
  closeness::expect_near(prediction, golden_.at("prediction"), bound, "prediction");
  closeness::expect_near(pack_latents(prediction), golden_.at("prediction.packed"), bound,
                         "packed");
}

TEST_F(FluxTransformerTest, ABiasLeftOutOrHalvesSwappedAreFarOutsideTheBound) {
  FluxTransformer model(kFolder, {});
  const at::NoGradGuard none;
  const auto expect_far = [&](const std::string& what) {
    closeness::expect_far(model.forward(inputs()), golden_.at("prediction"), bound_of("prediction"),
                          what);
  };
  for (nn::Linear* layer : model.linears()) {
    const Tensor weight = layer->weight, bias = layer->bias;
    layer->bias = at::zeros_like(bias);
    expect_far("no bias in " + layer->name);
    layer->bias = bias.roll(bias.size(0) / 2, 0);
    layer->weight = weight.roll(weight.size(0) / 2, 0);
    expect_far("swapped halves in " + layer->name);
    layer->weight = weight;
    layer->bias = bias;
  }
}

TEST_F(FluxTransformerTest, PackingPutsPatchesIntoTokensAndBack) {
  const Tensor noisy = golden_.at("noisy");
  EXPECT_TRUE(at::equal(pack_latents(noisy), golden_.at("packed")));
  EXPECT_TRUE(at::equal(unpack_latents(pack_latents(noisy), 6, 10), noisy));
}

TEST_F(FluxTransformerTest, Bfloat16StaysNearFloat32) {
  const FluxTransformer model(kFolder, {.dtype = at::kBFloat16});
  const Tensor prediction = model.forward(inputs());
  EXPECT_EQ(prediction.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(prediction, golden_.at("prediction")), kBfloat16Error * 1.25);
}

TEST_F(FluxTransformerTest, RecomputeGivesTheSameGradientsToTheBit) {
  const auto kept = full_gradients(false), recomputed = full_gradients(true);
  ASSERT_EQ(kept.size(), 112u);
  for (const auto& [name, gradient] : kept) {
    ASSERT_TRUE(gradient.defined()) << name;
    ASSERT_TRUE(recomputed.at(name).defined()) << name;
    EXPECT_TRUE(at::equal(gradient, recomputed.at(name))) << name;
  }
}

TEST_F(FluxTransformerTest, ListsTheLinearsOfItsBlocks) {
  FluxTransformer model(kFolder, {});
  std::vector<std::string> names;
  for (const nn::Linear* layer : model.linears()) { names.push_back(layer->name); }
  EXPECT_EQ(names.size(), 2u * 14 + 2u * 6);
  EXPECT_THAT(names, testing::Contains("transformer_blocks.1.ff_context.net.0.proj"));
  EXPECT_THAT(names, testing::Contains("single_transformer_blocks.0.norm.linear"));
}

TEST_F(FluxTransformerTest, WrongInputsAreNamed) {
  const FluxTransformer model(kFolder, {});
  FluxTransformer::Inputs wrong = inputs();
  wrong.pooled = wrong.text;
  EXPECT_THROW(model.forward(wrong), Error);
  wrong = inputs();
  wrong.noisy = wrong.noisy.narrow(3, 0, 9);
  EXPECT_THROW(model.forward(wrong), Error);
}

// A config.json of its own beside the micro weights.
class FluxConfigTest : public testing::Test {
 protected:
  FluxConfigTest() : folder_(fs::path(testing::TempDir()) / ("flux_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    config_ = read_json(kFolder / "config.json");
  }
  ~FluxConfigTest() override { fs::remove_all(folder_); }

  std::string complaint() {
    write_atomically(folder_ / "config.json", config_.dump());
    fs::copy_file(kFolder / "diffusion_pytorch_model.safetensors",
                  folder_ / "diffusion_pytorch_model.safetensors",
                  fs::copy_options::overwrite_existing);
    try {
      const FluxTransformer model(folder_, {});
      return "";
    } catch (const Error& error) { return error.what(); }
  }

  fs::path folder_;
  Json config_;
};

TEST_F(FluxConfigTest, AnotherArchitectureIsNamed) {
  config_["_class_name"] = "SD3Transformer2DModel";
  EXPECT_THAT(complaint(), testing::HasSubstr("SD3Transformer2DModel"));
}

TEST_F(FluxConfigTest, AWrongShapeIsNamedWithBothShapes) {
  config_["joint_attention_dim"] = 24;
  EXPECT_THAT(complaint(),
              testing::AllOf(testing::HasSubstr("context_embedder.weight"),
                             testing::HasSubstr("[20, 24]"), testing::HasSubstr("[20, 16]")));
}

TEST_F(FluxConfigTest, LayersThatTheConfigDoesNotKnowAreNamed) {
  config_["num_single_layers"] = 1;
  EXPECT_THAT(complaint(), testing::HasSubstr("single_transformer_blocks.1"));
}

TEST_F(FluxConfigTest, AxesMustFillTheHead) {
  config_["axes_dims_rope"] = {2, 4, 6};
  EXPECT_THAT(complaint(), testing::HasSubstr("axes_dims_rope"));
  config_["axes_dims_rope"] = "all";
  EXPECT_THAT(complaint(), testing::HasSubstr("list of whole numbers"));
}

}  // namespace
}  // namespace lorarun::models
