#include "runtime/nn/attention.h"

#include <gtest/gtest.h>

#include "runtime/nn/activation.h"
#include "runtime/nn/embedding.h"
#include "runtime/tensor/tensor.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::nn {
namespace {

TEST(Attention, MergingUndoesSplitting) {
  const Tensor x = keyed_normal(1, "x", 0, 0, {2, 3, 8});
  EXPECT_EQ(split_heads(x, 4).sizes(), at::IntArrayRef({2, 4, 3, 2}));
  EXPECT_TRUE(at::equal(merge_heads(split_heads(x, 4)), x));
}

TEST(Attention, EqualsSoftmaxOfScaledScores) {
  const Tensor q = keyed_normal(1, "q", 0, 0, {2, 3, 5, 4});
  const Tensor k = keyed_normal(1, "k", 0, 0, {2, 3, 5, 4});
  const Tensor v = keyed_normal(1, "v", 0, 0, {2, 3, 5, 4});
  const Tensor bias = keyed_normal(1, "bias", 0, 0, {1, 3, 5, 5});
  const Tensor scores = at::matmul(q, k.transpose(2, 3));
  EXPECT_LT(relative_error(attention(q, k, v), at::matmul(at::softmax(scores / 2, -1), v)), 1e-6);
  EXPECT_LT(relative_error(attention(q, k, v, {.bias = bias, .scale = 1.0}),
                           at::matmul(at::softmax(scores + bias, -1), v)),
            1e-6);
}

TEST(Attention, CausalMaskHidesLaterTokens) {
  const Tensor q = keyed_normal(1, "q", 0, 0, {1, 1, 3, 4});
  const Tensor v = keyed_normal(1, "v", 0, 0, {1, 1, 3, 4});
  const Tensor y = attention(q, q, v, {.causal = true});
  EXPECT_LT(relative_error(y.select(2, 0), v.select(2, 0)), 1e-6);
}

TEST(TimeFeatures, AreCosinesThenSines) {
  const Tensor y = time_features(at::tensor({2.0f}), 4)[0];
  EXPECT_NEAR(y[0].item<double>(), -0.41614684, 1e-6);  // cos 2
  EXPECT_NEAR(y[1].item<double>(), 0.99980001, 1e-6);   // cos 0.02
  EXPECT_NEAR(y[2].item<double>(), 0.90929743, 1e-6);   // sin 2
  EXPECT_NEAR(y[3].item<double>(), 0.01999867, 1e-6);   // sin 0.02
}

TEST(Activation, HasTheValuesOfItsFormula) {
  const Tensor x = at::tensor({1.0});
  EXPECT_NEAR(gelu_tanh(x).item<double>(), 0.84119199, 1e-7);
  EXPECT_NEAR(quick_gelu(x).item<double>(), 0.84579577, 1e-7);
  EXPECT_NEAR(nn::silu(x).item<double>(), 0.73105858, 1e-7);
}

}  // namespace
}  // namespace lorarun::nn
