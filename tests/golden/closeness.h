// How near a float32 result must come to a golden, from the arithmetic and not from one run.
//
// Two programs compute one formula on two instruction sets.  They agree on every product and sum up
// to rounding, so what they may differ by follows from the formula:
//
//   sums     n terms, added in any order and width: each result is off by about eps sqrt(n) of the
//            size of its terms; `steps` of them in a chain add up as sqrt(steps)
//   angles   the cosine of an angle t is off by eps t, since t itself is known to eps of its size:
//            time features have angles of up to 1000 x time
//
// eps is 2^-23.  Wrong code (a bias left out, halves swapped, another epsilon or scale) stands far
// outside: expect_far shows it for each model and for LoRA.

#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "runtime/tensor/torch.h"
#include "tests/nn/gradient_check.h"

namespace lorarun::closeness {

constexpr double kEps = std::numeric_limits<float>::epsilon();

// rel-L2 between two float32 computations of a chain of `steps` sums of at most `terms` terms.
inline double of_sums(int64_t terms, int64_t steps) {
  return kEps * std::sqrt(static_cast<double>(terms * steps));
}

// rel-L2 between two float32 computations of the time features of these times (0 … 1 and guidance
// values): eps times the root mean square of their angles, 1000 t f for f falling from 1 to 1e-4 in
// a geometric series, whose mean square is 1 / (2 ln 1e4).
inline double of_angles(const Tensor& times) {
  const double mean_square = times.to(at::kDouble).square().mean().item<double>();
  return kEps * 1000.0 * std::sqrt(mean_square / (2.0 * std::log(1e4)));
}

// Squares and gradients are products of two numbers that are each off by the bound.
constexpr double kOfProduct = 2.0;

// `bound` holds for the whole, and no element lies further out than kOutlier times what that leaves
// for each: one wrong element does not hide among many.
constexpr double kOutlier = 10.0;

inline void expect_near(const Tensor& ours, const Tensor& golden, double bound,
                        const std::string& what) {
  ASSERT_EQ(ours.sizes(), golden.sizes()) << what;
  const Tensor difference = (ours.to(at::kDouble) - golden.to(at::kDouble)).abs();
  const double size = golden.to(at::kDouble).square().mean().sqrt().item<double>();
  EXPECT_LT(relative_error(ours, golden), bound) << what;
  EXPECT_LT(difference.max().item<double>(), kOutlier * bound * size) << what;
}

// Wrong code must not hide in a bound.
constexpr double kFarOutside = 3.0;

inline void expect_far(const Tensor& ours, const Tensor& golden, double bound,
                       const std::string& what) {
  EXPECT_GT(relative_error(ours, golden), kFarOutside * bound) << what;
}

}  // namespace lorarun::closeness
