// T5's encoder: token ids -> hidden states.
//
//   embedding -> N x (RMS norm, attention with position bias, RMS norm, gated MLP) -> RMS norm
//
// Attention is not scaled, and a learned bias by distance (in buckets, from the
// first layer) is added to the scores.  No padding mask: FLUX uses none.
// In float16 the MLP's last layer (wo) and the sums after it are float32, as in
// transformers: large T5s leave float16's range there.
// Reference: transformers T5EncoderModel.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/nn/linear.h"

namespace lorarun::models {

class T5Encoder {
 public:
  T5Encoder(const std::filesystem::path& folder, nn::Placement placement);
  ~T5Encoder();
  T5Encoder(T5Encoder&&) noexcept;

  Tensor forward(const Tensor& ids) const;  // [B, S] int64 -> [B, S, D]

  // Names as in transformers: encoder.block.0.layer.0.SelfAttention.q
  std::vector<nn::Linear*> linears();
  int64_t width() const;
  std::string fingerprint() const;
  std::map<std::string, Tensor> weights() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// The bucket of each distance key - query, for `length` tokens: [S, S] int64.
// Half of the buckets are for keys after the query; near distances have one
// each, far ones share logarithmically up to max_distance.
Tensor t5_position_buckets(int64_t length, int64_t buckets, int64_t max_distance);

}  // namespace lorarun::models
