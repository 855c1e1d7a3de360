// CLIP's text encoder: token ids -> hidden states and one pooled vector.
//
//   embedding + position -> N x (causal attention, MLP), pre-norm -> final norm
//   pooled = the final state at the first end token
//
// Reference: transformers CLIPTextModel.  Every linear has an adapter slot,
// named as in diffusers LoRA files: text_model.encoder.layers.0.self_attn.q_proj.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/nn/linear.h"

namespace lorarun::models {

class ClipTextEncoder {
 public:
  ClipTextEncoder(const std::filesystem::path& folder, nn::Placement placement);
  ~ClipTextEncoder();
  ClipTextEncoder(ClipTextEncoder&&) noexcept;

  struct Output {
    Tensor last_hidden;  // [B, S, D], after the final norm
    Tensor pooled;       // [B, D]
  };

  // ids [B, S] int64, S at most max_length().
  Output forward(const Tensor& ids) const;

  std::vector<nn::Linear*> linears();
  int64_t max_length() const;
  int64_t width() const;
  std::string fingerprint() const;
  std::map<std::string, Tensor> weights() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lorarun::models
