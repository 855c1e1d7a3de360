// The two kinds of blocks of FLUX.1's transformer.
//
//   double block   image and text have their own weights and meet in the attention
//   single block   image and text are one row of tokens; attention and
//                  feed-forward run side by side and share the last projection
//
// Every block is modulated: the condition (time + guidance + pooled text, after
// SiLU) gives a shift and a scale for each norm and a gate for each branch.
// Names are those of diffusers' FluxTransformer2DModel, which the numbers follow.
//
// Letters: B batch, S_t text tokens, S_i image tokens, S = S_t + S_i, D width,
// H heads, K = D / H.

#pragma once

#include <string>
#include <vector>

#include "runtime/nn/linear.h"
#include "runtime/tensor/torch.h"

namespace lorarun::models {

// The sizes that blocks need to know.
struct FluxWidths {
  int64_t heads = 0, head_dim = 0;
  int64_t dim() const { return heads * head_dim; }
  int64_t hidden() const { return 4 * dim(); }  // of the feed-forward
};

// Query, key and value of one row of tokens, with the norms of query and key.
struct FluxProjections {
  nn::Linear query, key, value;
  Tensor query_norm, key_norm;  // [K]
};

// One of the two rows of tokens of a double block: its weights.
struct FluxStream {
  nn::Linear modulation;  // condition [B, D] -> [B, 6 D]
  FluxProjections attention;
  nn::Linear attention_out;
  nn::Linear feed_in, feed_out;
};

class FluxDoubleBlock {
 public:
  FluxDoubleBlock(nn::Weights& weights, const std::string& name, const FluxWidths& widths);

  struct Rows {
    Tensor text;   // [B, S_t, D]
    Tensor image;  // [B, S_i, D]
  };

  // condition [B, D] after SiLU; table [S, K / 2] of nn::rope_table, text first.
  Rows forward(const Rows& rows, const Tensor& condition, const Tensor& table) const;

  std::vector<nn::Linear*> linears();
  std::vector<Tensor> parameters() const;  // of adapters, and weights that train
  void add_weights(std::map<std::string, Tensor>& all) const;

 private:
  std::string name_;
  int64_t heads_;
  FluxStream image_, text_;
};

class FluxSingleBlock {
 public:
  FluxSingleBlock(nn::Weights& weights, const std::string& name, const FluxWidths& widths);

  // rows [B, S, D], text first
  Tensor forward(const Tensor& rows, const Tensor& condition, const Tensor& table) const;

  std::vector<nn::Linear*> linears();
  std::vector<Tensor> parameters() const;
  void add_weights(std::map<std::string, Tensor>& all) const;

 private:
  std::string name_;
  int64_t heads_;
  nn::Linear modulation_;  // [B, D] -> [B, 3 D]
  FluxProjections attention_;
  nn::Linear feed_in_, out_;  // out_ takes attention and feed-forward side by side: [B, S, 5 D]
};

// Adds "<layer>.weight" and "<layer>.bias".
void add_weights(std::map<std::string, Tensor>& all, const nn::Linear& layer);

}  // namespace lorarun::models
