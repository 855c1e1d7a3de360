#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/optim/clip.h"
#include "runtime/optim/registry.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/golden/closeness.h"

namespace lorarun::optim {
namespace {

NamedTensors golden() {
  return load_tensors(std::string(LORARUN_SOURCE_DIR) + "/tests/golden/adamw.safetensors");
}

Tensor leaf(const Tensor& values) {
  Tensor copy = values.clone();
  copy.requires_grad_(true);
  return copy;
}

std::vector<Group> one_group(std::vector<Tensor> parameters, double lr) {
  return {{.name = "transformer", .parameters = std::move(parameters), .lr = lr, .trains = true}};
}

double worst(const Tensor& left, const Tensor& right) {
  return (left.detach() - right).abs().max().item().toDouble();
}

TEST(Adamw, FiveClippedStepsEqualTorch) {
  const NamedTensors file = golden();
  std::vector<Group> groups = one_group({leaf(file.at("start/a")), leaf(file.at("start/b"))}, 0);
  const Json options = {{"weight_decay", 0.01}, {"eps", 1e-8}, {"betas", {0.9, 0.999}}};
  const auto optimizer = registry().get("adamw", "optimizer").make(groups, options);
  const std::vector<std::string> names = {"a", "b"};
  for (int k = 1; k <= 5; ++k) {
    const std::string step = "/" + std::to_string(k) + "/";
    for (size_t i = 0; i < 2; ++i) {
      groups[0].parameters[i].mutable_grad() = file.at("grad" + step + names[i]).clone();
    }
    groups[0].lr = file.at("lr")[k - 1].item().toDouble();
    const double norm = clip_gradients(groups, 1.0);
    const double their_norm = file.at("grad_norm")[k - 1].item().toDouble();
    EXPECT_NEAR(norm, their_norm, closeness::of_sums(15, 2) * their_norm);
    optimizer->step(groups, k);
    for (size_t i = 0; i < 2; ++i) {
      const std::string index = std::to_string(i);
      EXPECT_LT(worst(groups[0].parameters[i], file.at("after" + step + names[i])), 1e-6);
      EXPECT_LT(worst(optimizer->state().at(index + ".m"), file.at("m" + step + names[i])), 1e-6);
      EXPECT_LT(worst(optimizer->state().at(index + ".v"), file.at("v" + step + names[i])), 1e-6);
    }
  }
}

TEST(Adamw, ARateOfZeroLeavesParametersToTheBitButMovesMoments) {
  std::vector<Group> groups = one_group({leaf(at::full({3}, 0.3))}, 0.0);
  const auto optimizer = registry().get("adamw", "optimizer").make(groups, Json::object());
  groups[0].parameters[0].mutable_grad() = at::ones({3});
  optimizer->step(groups, 1);
  EXPECT_TRUE(groups[0].parameters[0].equal(at::full({3}, 0.3)));
  EXPECT_GT(optimizer->state().at("0.m").max().item().toDouble(), 0.0);
}

TEST(Adamw, AGroupThatDoesNotTrainKeepsItsMoments) {
  std::vector<Group> groups = one_group({leaf(at::ones({3}))}, 0.1);
  const auto optimizer = registry().get("adamw", "optimizer").make(groups, Json::object());
  groups[0].parameters[0].mutable_grad() = at::ones({3});
  groups[0].trains = false;
  optimizer->step(groups, 1);
  EXPECT_EQ(optimizer->state().at("0.m").abs().max().item().toDouble(), 0.0);
  EXPECT_TRUE(groups[0].parameters[0].equal(at::ones({3})));
}

TEST(Adamw, ALateGroupGetsItsOwnBiasCorrection) {
  std::vector<Group> groups = one_group({leaf(at::zeros({1}))}, 0.1);
  const auto optimizer = registry().get("adamw", "optimizer").make(groups, Json::object());
  groups[0].trains = false;
  for (int k = 1; k <= 9; ++k) { optimizer->step(groups, k); }
  groups[0].trains = true;
  groups[0].parameters[0].mutable_grad() = at::full({1}, 2.0);
  optimizer->step(groups, 10);
  EXPECT_NEAR(groups[0].parameters[0].item().toDouble(), -0.1, 1e-6);  // a first step is lr * sign
}

TEST(Adamw, StateGoesRoundTheFileToTheBit) {
  std::vector<Group> groups = one_group({leaf(at::ones({2, 2}))}, 0.1);
  const auto& kind = registry().get("adamw", "optimizer");
  const auto first = kind.make(groups, Json::object());
  groups[0].parameters[0].mutable_grad() = at::full({2, 2}, 0.7);
  first->step(groups, 1);
  const auto second = kind.make(groups, Json::object());
  second->load_state(first->state());
  for (const auto& [name, tensor] : first->state()) {
    EXPECT_TRUE(second->state().at(name).equal(tensor)) << name;
  }
}

TEST(Adamw, AForeignStateIsRefusedInWords) {
  std::vector<Group> groups = one_group({leaf(at::ones({2}))}, 0.1);
  const auto optimizer = registry().get("adamw", "optimizer").make(groups, Json::object());
  try {
    optimizer->load_state({{"0.m", at::ones({3})}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.headline(), "the optimizer's state '0.m' has shape [3]; the parameter has [2]");
  }
}

TEST(Adamw, RefusesBetasOutOfRange) {
  std::vector<Group> groups = one_group({leaf(at::ones({2}))}, 0.1);
  const auto& kind = registry().get("adamw", "optimizer");
  EXPECT_THROW(kind.make(groups, {{"betas", {0.9, 1.0}}}), Error);
  EXPECT_THROW(kind.make(groups, {{"betas", "fast"}}), Error);
  EXPECT_THROW(kind.make(groups, {{"eps", -1.0}}), Error);
}

TEST(Sgd, MomentumAddsUp) {
  std::vector<Group> groups = one_group({leaf(at::zeros({1}))}, 0.5);
  const auto optimizer = registry().get("sgd", "optimizer").make(groups, {{"momentum", 0.5}});
  groups[0].parameters[0].mutable_grad() = at::ones({1});
  optimizer->step(groups, 1);
  EXPECT_EQ(groups[0].parameters[0].item().toDouble(), -0.5);
  optimizer->step(groups, 2);
  EXPECT_EQ(groups[0].parameters[0].item().toDouble(), -1.25);
}

TEST(Optimizers, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  try {
    registry().get("adamv", "optimizer");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.remedy().find("did you mean 'adamw'?"), std::string::npos);
  }
}

}  // namespace
}  // namespace lorarun::optim
