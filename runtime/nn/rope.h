// Rotary positions as FLUX has them: every pair of neighbouring channels turns by
// an angle that grows with the token's position.
//
//   (x_2i, x_2i+1)  ->  (x_2i + j x_2i+1) (cos a + j sin a),   a = position / theta^(2i / K_axis)
//
// A head of K channels is split over the axes (FLUX: 16 for the index, 56 for the
// row, 56 for the column); angles are computed in float64 and their sines rounded
// to float32.  The backward pass turns back, and so keeps the table only.
// (Su et al. 2021, "RoFormer".)

#pragma once

#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

// positions [S, axes] -> cos + j sin as complex64 [S, K / 2], K = the sum of `axes_dims`.
Tensor rope_table(const Tensor& positions, const std::vector<int64_t>& axes_dims,
                  double theta = 10000.0);

// x [B, S, H, K] -> the same shape, turned.  Computed in float32 (float64 for float64).
Tensor rope(const Tensor& x, const Tensor& table);

// A run of tokens whose heads share a norm weight.
struct HeadsPart {
  Tensor x;       // [B, S, H, K]
  Tensor weight;  // [K] of the RMS norm
};

// Norms each part by rms_norm with its own weight, joins them along the tokens and
// turns them:  [B, S_0, H, K], [B, S_1, H, K], … -> [B, S_0 + S_1 + …, H, K].
// Same as rope(cat(rms_norm(x_0, w_0), …)) in one node that keeps x and one number per row.
Tensor norm_and_rope(const std::vector<HeadsPart>& parts, const Tensor& table, double eps = 1e-6);

}  // namespace lorarun::nn
