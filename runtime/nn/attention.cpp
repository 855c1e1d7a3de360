#include "runtime/nn/attention.h"

#include "runtime/nn/matmul.h"

namespace lorarun::nn {

Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

Tensor merge_heads(const Tensor& x) {
  return x.transpose(1, 2).flatten(2);
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v,
                 const AttentionOptions& options) {
  const at::ScalarType dtype = product_dtype(q);
  const auto bias =
      options.bias.defined() ? std::optional<Tensor>(options.bias.to(dtype)) : std::nullopt;
  return at::scaled_dot_product_attention(q.to(dtype), k.to(dtype), v.to(dtype), bias,
                                          /*dropout_p=*/0.0, options.causal, options.scale)
      .to(q.scalar_type());
}

}  // namespace lorarun::nn
