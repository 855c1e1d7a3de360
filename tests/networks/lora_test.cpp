#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/networks/network.h"
#include "runtime/nn/recompute.h"
#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::networks {
namespace {

class LoraTest : public testing::Test {
 protected:
  LoraTest() {
    linear_.name = "blocks.0.attn.to_q";
    linear_.weight = keyed_normal(1, "weight", 0, 0, {5, 6});
    linear_.bias = keyed_normal(1, "bias", 0, 0, {5});
    x_ = keyed_normal(1, "x", 0, 0, {2, 3, 6});
  }

  std::unique_ptr<Network> make(Json options) {
    return std::make_unique<Network>(NetworkOptions{.options = std::move(options)},
                                     std::vector<nn::AdaptableLayer>{{"transformer", &linear_}}, 42,
                                     at::kCPU);
  }

  // Moves B away from zero.
  static void enliven(const Network& network) {
    const at::NoGradGuard off;
    network.parameters()[1].tensor.copy_(keyed_normal(1, "up", 0, 0, {5, 2}));
  }

  nn::Linear linear_;
  Tensor x_;
};

TEST_F(LoraTest, StartsAsTheBaseModel) {
  const auto network = make({{"rank", 2}});
  EXPECT_TRUE(at::equal(linear_.forward(x_), linear_.forward_plain(x_)));
}

TEST_F(LoraTest, StartsAFromItsKeyedStream) {
  const auto network = make({{"rank", 2}});
  const Tensor uniform = keyed_uniform(42, "init/blocks.0.attn.to_q", 0, 0, {2, 6});
  const Tensor down = network->parameters()[0].tensor;
  EXPECT_LT(relative_error(down, (uniform * 2 - 1) / std::sqrt(6.0)), 1e-7);
}

TEST_F(LoraTest, AddsTheScaledChangeOfLowRank) {
  const auto network = make({{"rank", 2}, {"alpha", 6.0}});
  enliven(*network);
  Module& module = *network->entries()[0].module;
  const Tensor merged = at::linear(x_, linear_.weight + module.delta_weight(), linear_.bias);
  EXPECT_LT(relative_error(linear_.forward(x_), merged), 1e-6);
  module.strength = 0.5;
  const Tensor half = at::linear(x_, linear_.weight + 0.5 * module.delta_weight(), linear_.bias);
  EXPECT_LT(relative_error(linear_.forward(x_), half), 1e-6);
}

TEST_F(LoraTest, GivesTheGradientsOfItsFormula) {
  const auto network = make({{"rank", 2}, {"alpha", 3.0}});
  enliven(*network);
  const Tensor down = network->parameters()[0].tensor, up = network->parameters()[1].tensor;
  const Tensor x = x_.clone().requires_grad_(true);
  weighed_sum(linear_.forward(x)).backward();
  const Tensor fused[] = {x.grad().clone(), down.grad().clone(), up.grad().clone()};

  const auto leaf = [](const Tensor& t) { return t.detach().to(at::kDouble).requires_grad_(true); };
  const Tensor x_64 = leaf(x_), down_64 = leaf(down), up_64 = leaf(up);
  const Tensor weight = linear_.weight.to(at::kDouble) + 1.5 * at::mm(up_64, down_64);
  weighed_sum(at::linear(x_64, weight, linear_.bias.to(at::kDouble))).backward();
  EXPECT_LT(relative_error(fused[0], x_64.grad()), 1e-6);
  EXPECT_LT(relative_error(fused[1], down_64.grad()), 1e-6);
  EXPECT_LT(relative_error(fused[2], up_64.grad()), 1e-6);
}

TEST_F(LoraTest, TrainsTheFrozenWeightTooWhereItWantsAGradient) {
  const auto network = make({{"rank", 2}});
  enliven(*network);
  linear_.weight.requires_grad_(true);
  linear_.bias.requires_grad_(true);
  weighed_sum(linear_.forward(x_)).backward();
  const Tensor with_lora = linear_.weight.grad().clone();
  linear_.weight.mutable_grad() = Tensor();
  weighed_sum(linear_.forward_plain(x_)).backward();
  EXPECT_LT(relative_error(with_lora, linear_.weight.grad()), 1e-6);
}

TEST_F(LoraTest, NoGradientVanishesWhenNothingElseWantsOne) {
  for (const bool recompute : {false, true}) {
    const auto network = make({{"rank", 2}});
    enliven(*network);
    const auto out = nn::recompute(
        recompute,
        [&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {linear_.forward(in[0])};
        },
        {x_}, linear_.adapter->parameters());
    weighed_sum(out[0]).backward();
    for (const NamedParameter& one : network->parameters()) {
      ASSERT_TRUE(one.tensor.grad().defined()) << one.name << ", recompute " << recompute;
      EXPECT_GT(one.tensor.grad().norm().item<double>(), 0.1) << one.name;
    }
  }
}

TEST_F(LoraTest, KeepsFloat32ParametersAndGradientsUnderBfloat16) {
  linear_.weight = linear_.weight.to(at::kBFloat16);
  linear_.bias = linear_.bias.to(at::kBFloat16);
  const auto network = make({{"rank", 2}});
  enliven(*network);
  const Tensor y = linear_.forward(x_.to(at::kBFloat16));
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  weighed_sum(y).backward();
  for (const NamedParameter& one : network->parameters()) {
    EXPECT_EQ(one.tensor.scalar_type(), at::kFloat);
    EXPECT_EQ(one.tensor.grad().scalar_type(), at::kFloat);
  }
}

TEST_F(LoraTest, DropoutIsKeyedBySampleSoThatMicroBatchesChangeNothing) {
  const auto network = make({{"rank", 2}, {"dropout", 0.5}});
  enliven(*network);
  DropoutClock& clock = network->clock();
  clock.training = true;
  clock.step = 7;
  const Tensor whole = linear_.forward(x_);
  clock.first_sample = 1;
  const Tensor second = linear_.forward(x_.narrow(0, 1, 1));
  EXPECT_LT(relative_error(second, whole.narrow(0, 1, 1)), 1e-6);
  clock.step = 8;
  EXPECT_GT(relative_error(linear_.forward(x_.narrow(0, 1, 1)), second), 1e-3);
}

TEST_F(LoraTest, DropoutScalesWhatItKeepsAndActsOnlyInTraining) {
  const auto network = make({{"rank", 2}, {"dropout", 0.5}});
  enliven(*network);
  const Tensor plain = linear_.forward(x_);
  network->clock().training = true;
  network->clock().step = 1;
  std::vector<Tensor> masks;
  for (uint32_t sample : {0u, 1u}) {
    masks.push_back(keyed_uniform(42, "dropout/blocks.0.attn.to_q", 1, sample, {1, 3, 2}));
  }
  const Tensor mask = (at::cat(masks) >= 0.5).to(at::kFloat) * 2;
  const Tensor down = network->parameters()[0].tensor, up = network->parameters()[1].tensor;
  const Tensor expected =
      linear_.forward_plain(x_) + at::matmul(at::matmul(x_, down.t()) * mask, up.t());
  EXPECT_LT(relative_error(linear_.forward(x_), expected), 1e-6);
  EXPECT_GT(relative_error(plain, expected), 1e-3);
}

TEST_F(LoraTest, AdaptsALayerOfOneRowPerSample) {
  const auto network = make({{"rank", 2}, {"dropout", 0.5}});
  network->clock().training = true;
  EXPECT_EQ(linear_.forward(x_.select(1, 0)).sizes(), at::IntArrayRef({2, 5}));
}

TEST_F(LoraTest, WrongOptionsAreNamed) {
  EXPECT_THROW(make({{"rank", 0}}), Error);
  EXPECT_THROW(make({{"rank", 2.5}}), Error);
  EXPECT_THROW(make({{"dropout", 1.0}}), Error);
  EXPECT_THROW(make({{"alpha", "big"}}), Error);
}

}  // namespace
}  // namespace lorarun::networks
