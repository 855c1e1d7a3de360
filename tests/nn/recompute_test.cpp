#include "runtime/nn/recompute.h"

#include <gtest/gtest.h>

#include "runtime/tensor/tensor.h"

namespace lorarun::nn {
namespace {

struct Gradients {
  Tensor x, a, b, out;
};

// Two outputs of two inputs and two captured leaves, as a double-stream block has them.
Gradients run(bool enabled, bool input_trains) {
  Tensor x = keyed_normal(7, "noise", 1, 0, {2, 5, 8}).requires_grad_(input_trains);
  const Tensor text = keyed_normal(7, "noise", 2, 0, {2, 3, 8});
  Tensor a = keyed_normal(7, "noise", 3, 0, {8, 8}).requires_grad_(true);
  Tensor b = keyed_normal(7, "noise", 4, 0, {8, 8}).requires_grad_(true);
  const Block body = [&](const std::vector<Tensor>& in) {
    const Tensor hidden = at::gelu(in[0].matmul(a));
    return std::vector<Tensor>{hidden.matmul(b), in[1].mul(hidden.mean())};
  };
  std::vector<Tensor> y = recompute(enabled, body, {x, text}, {a, b});
  y = recompute(enabled, body, y, {a, b});
  const Tensor loss = y[0].pow(2).mean() + y[1].sin().sum();
  loss.backward();
  return {x.grad(), a.grad(), b.grad(), loss.detach()};
}

TEST(Recompute, GivesTheSameGradientsToTheBit) {
  const Gradients kept = run(false, true), again = run(true, true);
  EXPECT_TRUE(kept.out.equal(again.out));
  EXPECT_TRUE(kept.x.equal(again.x));
  EXPECT_TRUE(kept.a.equal(again.a));
  EXPECT_TRUE(kept.b.equal(again.b));
}

TEST(Recompute, TrainsParametersEvenWhenNoInputNeedsAGradient) {
  const Gradients again = run(true, false);
  ASSERT_TRUE(again.a.defined());
  EXPECT_TRUE(again.a.equal(run(false, false).a));
}

TEST(Recompute, StaysOutOfTheWayWithoutGradients) {
  const at::NoGradGuard none;
  const std::vector<Tensor> y =
      recompute(true, [](const std::vector<Tensor>& in) { return std::vector<Tensor>{in[0] + 1}; },
                {at::zeros({2})}, {});
  EXPECT_TRUE(y[0].equal(at::ones({2})));
}

}  // namespace
}  // namespace lorarun::nn
