#include "runtime/optim/clip.h"

#include <gtest/gtest.h>

#include "runtime/optim/ema.h"

namespace lorarun::optim {
namespace {

std::vector<Group> with_gradients(const std::vector<std::vector<float>>& gradients) {
  Group group{.name = "transformer"};
  for (const auto& values : gradients) {
    Tensor parameter = at::zeros({static_cast<int64_t>(values.size())});
    parameter.requires_grad_(true);
    parameter.mutable_grad() = at::tensor(values);
    group.parameters.push_back(parameter);
  }
  return {group};
}

TEST(Clip, GivesTheNormOfAllGradientsTogether) {
  EXPECT_DOUBLE_EQ(gradient_norm(with_gradients({{3.0f}, {0.0f, 4.0f}})).item<double>(), 5.0);
}

TEST(Clip, ScalesALongGradientDown) {
  const auto groups = with_gradients({{3.0f}, {0.0f, 4.0f}});
  EXPECT_DOUBLE_EQ(clip_gradients(groups, 1.0), 5.0);
  EXPECT_NEAR(groups[0].parameters[0].grad().item().toDouble(), 0.59999988, 1e-7);
  EXPECT_NEAR(gradient_norm(groups).item<double>(), 1.0, 1e-6);
}

TEST(Clip, LeavesAShortGradientToTheBit) {
  const auto groups = with_gradients({{0.3f, -0.1f}});
  clip_gradients(groups, 1.0);
  EXPECT_TRUE(groups[0].parameters[0].grad().equal(at::tensor({0.3f, -0.1f})));
}

TEST(Clip, ZeroSwitchesItOff) {
  const auto groups = with_gradients({{30.0f}});
  EXPECT_DOUBLE_EQ(clip_gradients(groups, 0.0), 30.0);
  EXPECT_EQ(groups[0].parameters[0].grad().item().toDouble(), 30.0);
}

TEST(Clip, GroupsThatDoNotTrainDoNotCount) {
  auto groups = with_gradients({{3.0f}});
  groups[0].trains = false;
  EXPECT_EQ(gradient_norm(groups).item<double>(), 0.0);
}

TEST(Ema, MovesByOneMinusDecay) {
  std::vector<Tensor> parameters = {at::full({2}, 1.0)}, averages = {at::zeros({2})};
  update_averages(parameters, 0.75, averages);
  EXPECT_TRUE(averages[0].equal(at::full({2}, 0.25)));
  update_averages(parameters, 0.75, averages);
  EXPECT_TRUE(averages[0].equal(at::full({2}, 0.4375)));
}

TEST(Ema, SwappingTwiceGivesBackTheSameBits) {
  std::vector<Tensor> left = {at::full({2}, 0.1)}, right = {at::full({2}, 0.7)};
  swap_values(left, right);
  EXPECT_TRUE(left[0].equal(at::full({2}, 0.7)));
  swap_values(left, right);
  EXPECT_TRUE(left[0].equal(at::full({2}, 0.1)));
  EXPECT_TRUE(right[0].equal(at::full({2}, 0.7)));
}

}  // namespace
}  // namespace lorarun::optim
