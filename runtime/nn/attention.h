// Attention: softmax(q k^T * scale + bias) v, by LibTorch's fused kernels, which
// keep q, k, v, the result and one number per row for backward.
//
//   [B, S, H*K] --split_heads--> [B, H, S, K] --attention--> --merge_heads--> [B, S, H*K]
//
// Splitting and merging are views where the memory's order allows it.

#pragma once

#include <optional>

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

Tensor split_heads(const Tensor& x, int64_t heads);  // [B, S, H*K] -> [B, H, S, K]
Tensor merge_heads(const Tensor& x);                 // [B, H, S, K] -> [B, S, H*K]

struct AttentionOptions {
  Tensor bias;                  // added to the scores, broadcast to [B, H, S, S]; undefined: none
  bool causal = false;          // each position sees itself and those before it
  std::optional<double> scale;  // absent: 1 / sqrt(K)
};

// q, k, v [B, H, S, K] -> [B, H, S, K]
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionOptions& options = {});

}  // namespace lorarun::nn
