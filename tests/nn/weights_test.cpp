#include "runtime/nn/weights.h"

#include <gtest/gtest.h>

#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/nn/linear.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::nn {
namespace {

class WeightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / "lorarun_weights_test" / "transformer";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_.parent_path()); }

  void save(const NamedTensors& tensors) {
    save_tensors(folder_ / "diffusion_pytorch_model.safetensors", tensors);
  }

  static std::string message_of(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) { return error.what(); }
    return "no error";
  }

  fs::path folder_;
};

TEST_F(WeightsTest, AMissingTensorIsNamedWithItsNearest) {
  save({{"proj_out.weight", at::zeros({4, 3})}});
  Weights weights = Weights::open(folder_, {});
  const std::string text = message_of([&] { weights.take("proj_ou.weight", {4, 3}); });
  EXPECT_NE(text.find("proj_ou.weight"), std::string::npos) << text;
  EXPECT_NE(text.find("the nearest is 'proj_out.weight'"), std::string::npos) << text;
}

TEST_F(WeightsTest, AWrongShapeNamesBothShapes) {
  save({{"proj_out.weight", at::zeros({4, 3})}});
  Weights weights = Weights::open(folder_, {});
  const std::string text = message_of([&] { weights.take("proj_out.weight", {3, 4}); });
  EXPECT_NE(text.find("[4, 3]"), std::string::npos) << text;
  EXPECT_NE(text.find("[3, 4]"), std::string::npos) << text;
}

TEST_F(WeightsTest, ALeftoverTensorIsAForeignModel) {
  save({{"a.weight", at::zeros({4, 3})}, {"b.weight", at::zeros({2})}});
  Weights weights = Weights::open(folder_, {});
  weights.take("a.weight", {4, 3});
  EXPECT_NE(message_of([&] { weights.expect_all_taken(); }).find("b.weight"), std::string::npos);
}

TEST_F(WeightsTest, AMatchingTypeIsAViewAndAnotherIsConverted) {
  save({{"a.weight", at::ones({4, 3})}});
  EXPECT_EQ(Weights::open(folder_, {}).take("a.weight", {4, 3}).scalar_type(), at::kFloat);
  EXPECT_EQ(Weights::open(folder_, {.dtype = at::kBFloat16}).take("a.weight", {4, 3}).scalar_type(),
            at::kBFloat16);
}

TEST_F(WeightsTest, ARandomBaseIsAFunctionOfItsSeedAndNames) {
  write_atomically(folder_ / "random.json", R"({"seed": 3})");
  const Linear first = [&] {
    Weights weights = Weights::open(folder_, {});
    return take_linear(weights, "x", 64, 32);
  }();
  Weights weights = Weights::open(folder_, {});
  EXPECT_TRUE(first.weight.equal(weights.take("x.weight", {32, 64})));
  EXPECT_FALSE(first.weight.equal(weights.take("y.weight", {32, 64})));
  EXPECT_NEAR(first.weight.std().item<double>(), 1.0 / 8, 0.01);
  EXPECT_TRUE(first.bias.equal(at::zeros({32})));
}

TEST_F(WeightsTest, TheFingerprintChangesWithTheBytes) {
  save({{"a.weight", at::zeros({4, 3})}});
  const std::string before = Weights::open(folder_, {}).fingerprint();
  save({{"a.weight", at::ones({4, 3})}});
  EXPECT_NE(before, Weights::open(folder_, {}).fingerprint());
}

TEST_F(WeightsTest, AnotherArchitecturesConfigIsNamed) {
  write_atomically(folder_ / "config.json", R"({"_class_name": "UNet2DConditionModel"})");
  const std::string text = message_of([&] { read_config(folder_, "FluxTransformer2DModel"); });
  EXPECT_NE(text.find("UNet2DConditionModel"), std::string::npos) << text;
}

}  // namespace
}  // namespace lorarun::nn
