#include "runtime/nn/rope.h"

#include <gtest/gtest.h>

#include "runtime/nn/norm.h"
#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::nn {
namespace {

Tensor table_of_five_tokens() {
  const Tensor positions = at::zeros({5, 3}, at::kDouble);
  positions.select(1, 1).copy_(at::arange(5));
  positions.select(1, 2).copy_(at::arange(5) * 7);
  return rope_table(positions, {2, 4, 4});
}

TEST(Rope, LeavesTheTokenAtTheOriginAsItIs) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {1, 5, 2, 10});
  EXPECT_TRUE(at::equal(rope(x, table_of_five_tokens()).select(1, 0), x.select(1, 0)));
}

TEST(Rope, TurnsAPairByItsPositionInRadians) {
  const Tensor positions = at::full({1, 1}, 2.0, at::kDouble);
  const Tensor x = at::tensor({1.0f, 0.0f}).view({1, 1, 1, 2});
  const Tensor y = rope(x, rope_table(positions, {2})).view({2});
  EXPECT_NEAR(y[0].item<double>(), -0.41614684, 1e-7);  // cos 2
  EXPECT_NEAR(y[1].item<double>(), 0.90929743, 1e-7);   // sin 2
}

TEST(Rope, GivesTheGradientOfItsInput) {
  const Tensor table = table_of_five_tokens();
  expect_right_gradients([&](const std::vector<Tensor>& in) { return rope(in[0], table); },
                         {keyed_normal(1, "x", 0, 0, {2, 5, 1, 10})});
}

TEST(NormAndRope, EqualsItsStepsOneAfterAnother) {
  const Tensor table = table_of_five_tokens();
  const Tensor text = keyed_normal(1, "text", 0, 0, {2, 2, 3, 10});
  const Tensor image = keyed_normal(1, "image", 0, 0, {2, 3, 3, 10});
  const Tensor a = keyed_normal(1, "a", 0, 0, {10}), b = keyed_normal(1, "b", 0, 0, {10});
  const Tensor steps = rope(at::cat({rms_norm(text, a), rms_norm(image, b)}, 1), table);
  EXPECT_TRUE(at::equal(norm_and_rope({{text, a}, {image, b}}, table), steps));
}

TEST(NormAndRope, GivesTheGradientsOfPartsAndWeights) {
  const Tensor table = table_of_five_tokens();
  expect_right_gradients(
      [&](const std::vector<Tensor>& in) {
        return norm_and_rope({{in[0], in[1]}, {in[2], in[3]}}, table);
      },
      {keyed_normal(1, "text", 0, 0, {2, 2, 1, 10}), keyed_normal(1, "a", 0, 0, {10}),
       keyed_normal(1, "image", 0, 0, {2, 3, 1, 10}), keyed_normal(1, "b", 0, 0, {10})});
}

}  // namespace
}  // namespace lorarun::nn
