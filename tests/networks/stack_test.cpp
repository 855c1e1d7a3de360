#include "runtime/networks/stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::networks {
namespace {

class StackTest : public testing::Test {
 protected:
  StackTest() {
    linear_.name = "transformer_blocks.0.attn.to_q";
    linear_.weight = keyed_normal(1, "weight", 0, 0, {5, 6});
    linear_.bias = keyed_normal(1, "bias", 0, 0, {5});
    other_.name = "transformer_blocks.0.attn.to_k";
    other_.weight = keyed_normal(1, "other", 0, 0, {5, 6});
    x_ = keyed_normal(1, "x", 0, 0, {2, 3, 6});
  }

  static LoraFile file(const std::string& target, uint32_t sample, int64_t rank, double alpha) {
    LoraFile made;
    made.entries.push_back({.component = "transformer",
                            .target = target,
                            .down = keyed_normal(1, "down", 0, sample, {rank, 6}),
                            .up = keyed_normal(1, "up", 0, sample, {5, rank}),
                            .alpha = alpha});
    return made;
  }

  std::vector<nn::AdaptableLayer> layers() {
    return {{"transformer", &linear_}, {"transformer", &other_}};
  }

  nn::Linear linear_, other_;
  Tensor x_;
};

TEST_F(StackTest, AddsTheChangesOfAllFilesByTheirStrengths) {
  const LoraFile one = file(linear_.name, 0, 2, 4.0), two = file(linear_.name, 1, 3, 1.0);
  put_lora_files(layers(), {one, two}, {0.75, -0.5});
  const Tensor merged =
      linear_.weight + 0.75 * one.entries[0].delta_weight() - 0.5 * two.entries[0].delta_weight();
  EXPECT_LT(relative_error(linear_.forward(x_), at::linear(x_, merged, linear_.bias)), 1e-6);
}

TEST_F(StackTest, ScalesByAlphaOverRank) {
  const LoraFile one = file(linear_.name, 0, 2, 6.0);
  put_lora_files(layers(), {one}, {1.0});
  const Tensor change = 3.0 * at::mm(one.entries[0].up, one.entries[0].down);
  const Tensor expected = at::linear(x_, linear_.weight + change, linear_.bias);
  EXPECT_LT(relative_error(linear_.forward(x_), expected), 1e-6);
}

TEST_F(StackTest, LeavesOtherLayersAlone) {
  put_lora_files(layers(), {file(linear_.name, 0, 2, 2.0)}, {1.0});
  EXPECT_NE(linear_.adapter, nullptr);
  EXPECT_EQ(other_.adapter, nullptr);
}

TEST_F(StackTest, KeepsTheBaseToTheBitWhenTakenOff) {
  const Tensor before = linear_.forward(x_);
  put_lora_files(layers(), {file(linear_.name, 0, 2, 2.0)}, {1.0});
  linear_.adapter.reset();
  EXPECT_TRUE(at::equal(linear_.forward(x_), before));
}

TEST_F(StackTest, AnswersInTheTypeOfItsInput) {
  linear_.weight = linear_.weight.to(at::kBFloat16);
  linear_.bias = linear_.bias.to(at::kBFloat16);
  put_lora_files(layers(), {file(linear_.name, 0, 2, 2.0)}, {1.0});
  const Tensor y = linear_.forward(x_.to(at::kBFloat16));
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(y.sizes(), at::IntArrayRef({2, 3, 5}));
}

TEST_F(StackTest, NamesTheTargetsThatTheModelLacksWithTheNearest) {
  try {
    put_lora_files(layers(), {file("transformer_blocks.0.attn.to_z", 0, 2, 2.0)}, {1.0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.headline(), testing::HasSubstr("lacks 1 of the LoRA's 1 targets"));
    EXPECT_THAT(error.headline(),
                testing::HasSubstr("transformer/transformer_blocks.0.attn.to_z (nearest: "
                                   "transformer/transformer_blocks.0.attn.to_"));
  }
  EXPECT_EQ(linear_.adapter, nullptr);
}

TEST_F(StackTest, RefusesALoraOfAModelOfAnotherSize) {
  linear_.weight = keyed_normal(1, "weight", 0, 0, {5, 7});
  EXPECT_THROW(put_lora_files(layers(), {file(linear_.name, 0, 2, 2.0)}, {1.0}), Error);
}

}  // namespace
}  // namespace lorarun::networks
