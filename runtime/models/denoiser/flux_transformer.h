// FLUX.1's transformer: predicts the flow (noise - latent) of a noisy latent.
//
//   noisy [B, C, h, w] --pack--> [B, (h/2)(w/2), 4 C] --embed--> image rows
//   text  [B, S_t, D_t]        --embed-->                        text rows
//   sigma, guidance, pooled    --embed--> condition [B, D]
//   double blocks (rows apart) -> single blocks (rows joined) -> norm -> unpack
//
// Any size that config.json gives: the 12-billion model and the tests' tiny one
// are the same code.  Weights lie in the file's mapping when type and device fit.
// Same numbers as diffusers' FluxTransformer2DModel (0.42.1), whose names it uses.

#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/models/denoiser/flux_blocks.h"

namespace lorarun::models {

struct FluxConfig {
  int64_t in_channels = 64, out_channels = 64;  // of packed tokens: 4 C
  int64_t num_layers = 19, num_single_layers = 38;
  FluxWidths widths;
  int64_t joint_attention_dim = 4096;   // width of text embeddings, D_t
  int64_t pooled_projection_dim = 768;  // width of the pooled text
  bool guidance_embeds = false;
  std::vector<int64_t> axes_dims_rope = {16, 56, 56};

  int64_t latent_channels() const { return in_channels / 4; }

  // Reads config.json of a transformer folder.  Throws Error naming the key that does not fit.
  static FluxConfig read(const std::filesystem::path& folder);
};

// [B, C, h, w] <-> [B, (h/2)(w/2), 4 C]: each token is a 2 x 2 patch.  h and w must be even.
Tensor pack_latents(const Tensor& latents);
Tensor unpack_latents(const Tensor& tokens, int64_t h, int64_t w);

class FluxTransformer {
 public:
  // Throws Error for a config of another architecture and for weights that do not fit it.
  FluxTransformer(const std::filesystem::path& folder, nn::Placement placement);

  FluxTransformer(const FluxTransformer&) = delete;
  FluxTransformer& operator=(const FluxTransformer&) = delete;

  struct Inputs {
    Tensor noisy;     // [B, C, h, w]
    Tensor sigma;     // [B] in [0, 1], 1 = noise
    Tensor text;      // [B, S_t, D_t]
    Tensor pooled;    // [B, P]
    Tensor guidance;  // [B]; undefined where the model embeds none
  };

  // Gives the prediction [B, C, h, w] in the weights' type.
  Tensor forward(const Inputs& inputs) const;

  // Sees what leaves each part, by the names of tests/golden/README.md ("double.0.image").
  using Watcher = std::function<void(const std::string& name, const Tensor& value)>;
  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

  // Recompute each block in backward instead of keeping its inside.
  void set_recompute(bool recompute) { recompute_ = recompute; }

  const FluxConfig& config() const { return config_; }
  std::vector<nn::Linear*> linears();             // of the blocks, in order
  std::map<std::string, Tensor> weights() const;  // all, by diffusers name
  std::string fingerprint() const { return fingerprint_; }

 private:
  // Two layers with SiLU between them.
  struct Embedder {
    nn::Linear first, second;
    Tensor forward(const Tensor& x) const;
  };
  static Embedder take_embedder(nn::Weights& weights, const std::string& name, int64_t in,
                                int64_t out);

  void take_all(nn::Weights& weights);
  void expect_inputs(const Inputs& inputs) const;
  Tensor condition(const Inputs& inputs, at::ScalarType dtype) const;  // [B, D], before SiLU
  Tensor time_embedding(const Embedder& embedder, const Tensor& time, at::ScalarType dtype) const;
  Tensor positions_table(int64_t n_text, int64_t h, int64_t w) const;
  FluxDoubleBlock::Rows run_double(const FluxDoubleBlock& block, const FluxDoubleBlock::Rows& rows,
                                   const Tensor& condition, const Tensor& table) const;
  Tensor run_single(const FluxSingleBlock& block, const Tensor& rows, const Tensor& condition,
                    const Tensor& table) const;
  void show(const std::string& name, const Tensor& value) const;

  FluxConfig config_;
  nn::Placement placement_;
  std::string fingerprint_;
  bool recompute_ = false;
  Watcher watcher_;

  nn::Linear image_in_, text_in_;
  Embedder time_, pooled_;
  std::optional<Embedder> guidance_;
  std::vector<FluxDoubleBlock> double_blocks_;
  std::vector<FluxSingleBlock> single_blocks_;
  nn::Linear last_modulation_, out_;

  // The table of the last shape: steps of one bucket share it.
  struct Table {
    std::vector<int64_t> shape;
    Tensor values;
  };
  mutable Table table_;
};

}  // namespace lorarun::models
