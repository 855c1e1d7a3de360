#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/optim/registry.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/golden/closeness.h"

namespace lorarun::optim {
namespace {

const std::vector<std::string> kNames = {"tall", "wide", "conv"};

// Each of five iterations lifts a direction that is nearly lost by 3.4445, and the rounding of its
// sums of 18 terms with it; of that, a step moves the matrix by lr * 0.2 sqrt(18) at most, and the
// rates of the five steps sum to 0.039.
constexpr double kLifted = 484.9;  // 3.4445^5
const double kFiveSteps = 0.039 * 0.2 * std::sqrt(18.0) * kLifted * closeness::of_sums(18, 1);

NamedTensors golden() {
  return load_tensors(std::string(LORARUN_SOURCE_DIR) + "/tests/golden/muon.safetensors");
}

std::vector<Group> one_group(const std::vector<Tensor>& values, double lr) {
  Group group = {.name = "transformer", .lr = lr, .trains = true};
  for (const Tensor& value : values) {
    group.parameters.push_back(value.clone().requires_grad_(true));
  }
  return {group};
}

std::vector<Tensor> all_of(const NamedTensors& file, const std::string& step) {
  std::vector<Tensor> tensors;
  for (const std::string& name : kNames) { tensors.push_back(file.at(step + name)); }
  return tensors;
}

std::unique_ptr<Optimizer> muon(const std::vector<Group>& groups,
                                const Json& options = Json::object()) {
  return registry().get("muon", "optimizer").make(groups, options);
}

double worst(const Tensor& left, const Tensor& right) {
  return (left.detach() - right).abs().max().item().toDouble();
}

void give_gradients(std::vector<Group>& groups, const std::vector<Tensor>& gradients) {
  for (size_t i = 0; i < gradients.size(); ++i) {
    groups[0].parameters[i].mutable_grad() = gradients[i].clone();
  }
}

TEST(Muon, FiveStepsOfTallWideAndConvolutionMatricesEqualTorch) {
  const NamedTensors file = golden();
  std::vector<Group> groups = one_group(all_of(file, "start/"), 0);
  const auto optimizer = muon(groups, {{"weight_decay", 0.05}, {"momentum", 0.95}});
  for (int k = 1; k <= 5; ++k) {
    const std::string step = "/" + std::to_string(k) + "/";
    give_gradients(groups, all_of(file, "grad" + step));
    groups[0].lr = file.at("lr")[k - 1].item().toDouble();
    optimizer->step(groups, k);
    for (size_t i = 0; i < kNames.size(); ++i) {
      const std::string m = std::to_string(i) + ".m";
      EXPECT_LT(worst(groups[0].parameters[i], file.at("after" + step + kNames[i])), kFiveSteps);
      EXPECT_LT(worst(optimizer->state().at(m), file.at("m" + step + kNames[i])), 1e-6);
    }
  }
}

TEST(Muon, MovesEveryDirectionOfAMatrixAboutAlike) {
  const Tensor gradient = at::diag(at::tensor({100.0F, 1.0F, 0.01F, 1e-4F}));
  std::vector<Group> groups = one_group({at::zeros({4, 4})}, 1.0);
  give_gradients(groups, {gradient});
  muon(groups, {{"weight_decay", 0.0}})->step(groups, 1);
  const Tensor moved = groups[0].parameters[0].detach().diag().neg();
  EXPECT_GT(moved[1].item().toDouble(), 0.2);  // 0.4 of a direction made whole
  EXPECT_LT(moved.max().item().toDouble(), 0.6);
}

TEST(Muon, MovesVectorsAsAdamwDoes) {
  const std::vector<Tensor> values = {at::tensor({0.3F, -0.2F}), at::full({1, 3}, 0.5)};
  const Json options = {{"weight_decay", 0.02}};
  std::vector<Group> ours = one_group(values, 0.01), theirs = one_group(values, 0.01);
  const auto optimizer = muon(ours, options);
  const auto adamw = registry().get("adamw", "optimizer").make(theirs, options);
  for (int k = 1; k <= 3; ++k) {
    const std::vector<Tensor> gradients = {at::tensor({0.1F * k, -2.0F}), at::full({1, 3}, 0.7)};
    give_gradients(ours, gradients);
    give_gradients(theirs, gradients);
    optimizer->step(ours, k);
    adamw->step(theirs, k);
  }
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(ours[0].parameters[i].equal(theirs[0].parameters[i]));
  }
}

TEST(Muon, AGradientOfZeroLeavesNoNumberUndefined) {
  std::vector<Group> groups = one_group({at::ones({3, 4})}, 0.1);
  give_gradients(groups, {at::zeros({3, 4})});
  muon(groups, {{"weight_decay", 0.0}})->step(groups, 1);
  EXPECT_TRUE(groups[0].parameters[0].equal(at::ones({3, 4})));
}

TEST(Muon, ContinuesFromItsStateToTheBit) {
  const NamedTensors file = golden();
  std::vector<Group> whole = one_group(all_of(file, "start/"), 0.01);
  whole[0].parameters.push_back(at::ones({5}).requires_grad_(true));
  const auto first = muon(whole);
  const auto advance = [&](Optimizer& optimizer, std::vector<Group>& groups, int k) {
    give_gradients(groups, all_of(file, "grad/" + std::to_string(k) + "/"));
    groups[0].parameters[3].mutable_grad() = at::full({5}, 0.1 * k);
    optimizer.step(groups, k);
  };
  advance(*first, whole, 1);
  std::vector<Group> resumed = one_group(whole[0].parameters, 0.01);
  const auto second = muon(resumed);
  second->load_state(first->state());
  advance(*first, whole, 2);
  advance(*second, resumed, 2);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(whole[0].parameters[i].equal(resumed[0].parameters[i])) << i;
  }
}

TEST(Muon, RefusesAMomentumOutOfRange) {
  std::vector<Group> groups = one_group({at::ones({2, 2})}, 0.1);
  EXPECT_THROW(muon(groups, {{"momentum", 1.0}}), Error);
  EXPECT_THROW(muon(groups, {{"momentum", "fast"}}), Error);
}

}  // namespace
}  // namespace lorarun::optim
