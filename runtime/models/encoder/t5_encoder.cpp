#include "runtime/models/encoder/t5_encoder.h"

#include <cmath>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::models {
namespace {

using nn::Linear;
using nn::Weights;

struct RmsNorm {
  Tensor weight;
  double epsilon = 1e-6;

  Tensor operator()(const Tensor& x) const {
    const Tensor wide = x.to(at::kFloat);
    const Tensor inverse = at::rsqrt(wide.pow(2).mean(-1, /*keepdim=*/true) + epsilon);
    return weight * (wide * inverse).to(weight.scalar_type());
  }
};

struct Block {
  RmsNorm attention_norm, mlp_norm;
  Linear query, key, value, out;
  Linear gate, up, down;  // wi_0, wi_1, wo; without a gate only wi and wo
};

}  // namespace

Tensor t5_position_buckets(int64_t length, int64_t buckets, int64_t max_distance) {
  const Tensor place = at::arange(length);
  const Tensor distance = place.unsqueeze(0) - place.unsqueeze(1);  // key - query
  const int64_t half = buckets / 2, exact = half / 2;
  const Tensor far = distance.abs();
  const Tensor logarithm = at::log(far.to(at::kFloat) / static_cast<double>(exact)) /
                           std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
  const Tensor shared =
      (exact + (logarithm * static_cast<double>(half - exact)).to(at::kLong)).clamp_max(half - 1);
  return distance.gt(0).to(at::kLong) * half + at::where(far.lt(exact), far, shared);
}

struct T5Encoder::Parts {
  Json config;
  int64_t width, heads, head_width, buckets, max_distance;
  bool gated;
  Weights weights;
  Tensor tokens, bias;  // [vocabulary, D], [buckets, H]
  std::vector<Block> blocks;
  RmsNorm final_norm;

  Parts(const std::filesystem::path& folder, nn::Placement placement)
      : config(nn::read_config(folder, "T5EncoderModel")),
        width(config.at("d_model").get<int64_t>()),
        heads(config.at("num_heads").get<int64_t>()),
        head_width(config.at("d_kv").get<int64_t>()),
        buckets(config.value("relative_attention_num_buckets", int64_t{32})),
        max_distance(config.value("relative_attention_max_distance", int64_t{128})),
        gated(config.value("feed_forward_proj", "relu").starts_with("gated")),
        weights(Weights::open(folder, placement)) {
    const auto vocabulary = config.at("vocab_size").get<int64_t>();
    const bool is_shared = weights.has("shared.weight");
    tokens = weights.take(is_shared ? "shared.weight" : "encoder.embed_tokens.weight",
                          {vocabulary, width});
    weights.ignore("encoder.embed_tokens.weight");
    bias = weights.take("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                        {buckets, heads});
    for (int64_t i = 0; i < config.at("num_layers").get<int64_t>(); ++i) {
      blocks.push_back(take_block(i));
    }
    final_norm = take_norm("encoder.final_layer_norm");
    weights.expect_all_taken();
  }

  RmsNorm take_norm(const std::string& name) {
    return {weights.take(name + ".weight", {width}), config.value("layer_norm_epsilon", 1e-6)};
  }

  Linear take(const std::string& name, int64_t in, int64_t out) {
    return nn::take_linear(weights, name, in, out, /*with_bias=*/false);
  }

  Block take_block(int64_t index) {
    const std::string name = "encoder.block." + std::to_string(index) + ".layer.";
    const std::string attention = name + "0.SelfAttention.", mlp = name + "1.DenseReluDense.";
    const int64_t inner = heads * head_width;
    const auto hidden = config.at("d_ff").get<int64_t>();
    Block block{take_norm(name + "0.layer_norm"),
                take_norm(name + "1.layer_norm"),
                take(attention + "q", width, inner),
                take(attention + "k", width, inner),
                take(attention + "v", width, inner),
                take(attention + "o", inner, width),
                {},
                {},
                {}};
    block.gate = take(mlp + (gated ? "wi_0" : "wi"), width, hidden);
    if (gated) { block.up = take(mlp + "wi_1", width, hidden); }
    block.down = take(mlp + "wo", hidden, width);
    // its sums leave the range of float16; the rows stay float32 from there on
    if (block.down.weight.scalar_type() == at::kHalf) {
      block.down.weight = block.down.weight.to(at::kFloat);
    }
    return block;
  }

  // [1, H, S, S], added to the scores of every layer.
  Tensor position_bias(int64_t length) const {
    const Tensor index = t5_position_buckets(length, buckets, max_distance).to(bias.device());
    return at::embedding(bias, index).permute({2, 0, 1}).unsqueeze(0);
  }

  Tensor heads_of(const Tensor& x) const {
    return x.view({x.size(0), x.size(1), heads, head_width}).transpose(1, 2);
  }

  Tensor attend(const Block& block, const Tensor& x, const Tensor& added) const {
    const Tensor mixed = at::scaled_dot_product_attention(
        heads_of(block.query.forward(x)), heads_of(block.key.forward(x)),
        heads_of(block.value.forward(x)), added.expand({x.size(0), -1, -1, -1}), 0.0,
        /*is_causal=*/false, /*scale=*/1.0);
    return block.out.forward(
        mixed.transpose(1, 2).reshape({x.size(0), x.size(1), heads * head_width}));
  }

  Tensor feed_forward(const Block& block, const Tensor& x) const {
    const Tensor hidden = gated ? at::gelu(block.gate.forward(x), "tanh") * block.up.forward(x)
                                : at::relu(block.gate.forward(x));
    return block.down.forward(hidden.to(block.down.weight.scalar_type()));
  }
};

T5Encoder::T5Encoder(const std::filesystem::path& folder, nn::Placement placement)
    : parts_(std::make_unique<Parts>(folder, placement)) {}
T5Encoder::~T5Encoder() = default;
T5Encoder::T5Encoder(T5Encoder&&) noexcept = default;

Tensor T5Encoder::forward(const Tensor& ids) const {
  expect_shape(ids, "B S", {}, "T5 token ids");
  const Parts& p = *parts_;
  Tensor x = at::embedding(p.tokens, ids.to(p.tokens.device()));
  const Tensor added = p.position_bias(ids.size(1));
  for (const Block& block : p.blocks) {
    x = x + p.attend(block, block.attention_norm(x), added);
    x = x + p.feed_forward(block, block.mlp_norm(x));
  }
  return p.final_norm(x);
}

std::vector<Linear*> T5Encoder::linears() {
  std::vector<Linear*> all;
  for (Block& block : parts_->blocks) {
    for (Linear* one : {&block.query, &block.key, &block.value, &block.out, &block.gate, &block.up,
                        &block.down}) {
      if (one->weight.defined()) { all.push_back(one); }
    }
  }
  return all;
}

int64_t T5Encoder::width() const {
  return parts_->width;
}
std::string T5Encoder::fingerprint() const {
  return parts_->weights.fingerprint();
}
std::map<std::string, Tensor> T5Encoder::weights() const {
  return parts_->weights.taken();
}

}  // namespace lorarun::models
