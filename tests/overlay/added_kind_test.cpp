// The file name is the registry: tests/overlay/networks/dense.cpp is named
// nowhere but in its own file, and can be used.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/networks/network.h"

namespace lorarun::networks {
namespace {

TEST(AddedKind, StandsBesideTheOthersUnderItsFileName) {
  EXPECT_THAT(registry().names(), testing::IsSupersetOf({"dense", "lora"}));
}

TEST(AddedKind, AdaptsALayerAndTrains) {
  nn::Linear layer{.name = "blocks.0.proj", .weight = at::eye(2), .bias = {}, .adapter = {}};
  const Network network({.kind = "dense"}, {{"transformer", &layer}}, 42, at::kCPU);
  const Tensor x = at::full({1, 2}, 3.0);
  const Tensor y = layer.forward(x);
  EXPECT_EQ(y.sum().item<float>(), 6.0f);
  y.sum().backward();
  const NamedParameter delta = network.parameters().at(0);
  EXPECT_EQ(delta.name, "transformer/blocks.0.proj.delta");
  EXPECT_TRUE(at::equal(delta.tensor.grad(), at::full({2, 2}, 3.0)));
}

}  // namespace
}  // namespace lorarun::networks
