#include "runtime/models/encoder/clip_text.h"

#include "runtime/base/error.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::models {
namespace {

using nn::Linear;
using nn::Weights;

struct Norm {
  Tensor weight, bias;
  double epsilon = 1e-5;
  Tensor operator()(const Tensor& x) const {
    return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
  }
};

Norm take_norm(Weights& weights, const std::string& name, int64_t width, double epsilon) {
  return {weights.take(name + ".weight", {width}), weights.take(name + ".bias", {width}), epsilon};
}

Tensor activate(const std::string& name, const Tensor& x) {
  if (name == "quick_gelu") { return x * at::sigmoid(1.702 * x); }
  if (name == "gelu") { return at::gelu(x); }
  throw Error("the text encoder's activation '" + name + "' is not known")
      .fix("known are quick_gelu and gelu");
}

struct Layer {
  Norm norm1, norm2;
  Linear query, key, value, out, fc1, fc2;
};

// x [B, S, D] -> [B, H, S, K]
Tensor heads_of(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

}  // namespace

struct ClipTextEncoder::Parts {
  Json config;
  int64_t width, heads, end_token;
  std::string activation;
  Weights weights;
  Tensor tokens, positions;  // [vocabulary, D], [S, D]
  std::vector<Layer> layers;
  Norm final_norm;

  Parts(const std::filesystem::path& folder, nn::Placement placement)
      : config(nn::read_config(folder, "CLIPTextModel")),
        width(config.at("hidden_size").get<int64_t>()),
        heads(config.at("num_attention_heads").get<int64_t>()),
        end_token(config.value("eos_token_id", int64_t{49407})),
        activation(config.value("hidden_act", "quick_gelu")),
        weights(Weights::open(folder, placement)) {
    // files of transformers 5 dropped the prefix that older ones have
    const std::string prefix =
        weights.has("text_model.final_layer_norm.weight") ? "text_model." : "";
    const double epsilon = config.value("layer_norm_eps", 1e-5);
    const auto vocabulary = config.at("vocab_size").get<int64_t>();
    const auto length = config.at("max_position_embeddings").get<int64_t>();
    tokens = weights.take(prefix + "embeddings.token_embedding.weight", {vocabulary, width});
    positions = weights.take(prefix + "embeddings.position_embedding.weight", {length, width});
    for (int64_t i = 0; i < config.at("num_hidden_layers").get<int64_t>(); ++i) {
      layers.push_back(take_layer(prefix, "encoder.layers." + std::to_string(i), epsilon));
    }
    final_norm = take_norm(weights, prefix + "final_layer_norm", width, epsilon);
    weights.ignore(prefix + "embeddings.position_ids");
    weights.ignore("text_projection.weight");
    weights.expect_all_taken();
  }

  Layer take_layer(const std::string& prefix, const std::string& name, double epsilon) {
    const auto inner = config.at("intermediate_size").get<int64_t>();
    const auto linear = [&](const std::string& part, int64_t in, int64_t out) {
      Linear layer = nn::take_linear(weights, prefix + name + part, in, out);
      layer.name = "text_model." + name + part;
      return layer;
    };
    return {take_norm(weights, prefix + name + ".layer_norm1", width, epsilon),
            take_norm(weights, prefix + name + ".layer_norm2", width, epsilon),
            linear(".self_attn.q_proj", width, width),
            linear(".self_attn.k_proj", width, width),
            linear(".self_attn.v_proj", width, width),
            linear(".self_attn.out_proj", width, width),
            linear(".mlp.fc1", width, inner),
            linear(".mlp.fc2", inner, width)};
  }

  Tensor attend(const Layer& layer, const Tensor& x) const {
    const Tensor mixed = at::scaled_dot_product_attention(
        heads_of(layer.query.forward(x), heads), heads_of(layer.key.forward(x), heads),
        heads_of(layer.value.forward(x), heads), {}, 0.0, /*is_causal=*/true);
    return layer.out.forward(mixed.transpose(1, 2).reshape(x.sizes()));
  }

  // The old config of OpenAI's files says 2; the end token is then the largest id.
  Tensor end_positions(const Tensor& ids) const {
    constexpr int64_t kLegacyEndToken = 2;
    return end_token == kLegacyEndToken ? ids.argmax(-1)
                                        : ids.eq(end_token).to(at::kInt).argmax(-1);
  }
};

ClipTextEncoder::ClipTextEncoder(const std::filesystem::path& folder, nn::Placement placement)
    : parts_(std::make_unique<Parts>(folder, placement)) {}
ClipTextEncoder::~ClipTextEncoder() = default;
ClipTextEncoder::ClipTextEncoder(ClipTextEncoder&&) noexcept = default;

ClipTextEncoder::Output ClipTextEncoder::forward(const Tensor& given) const {
  const Parts& p = *parts_;
  expect_shape(given, "B S", {}, "CLIP token ids");
  const Tensor ids = given.to(p.tokens.device());
  Tensor x = at::embedding(p.tokens, ids) + p.positions.slice(0, 0, ids.size(1));
  for (const Layer& layer : p.layers) {
    x = x + p.attend(layer, layer.norm1(x));
    x = x + layer.fc2.forward(activate(p.activation, layer.fc1.forward(layer.norm2(x))));
  }
  x = p.final_norm(x);
  const Tensor rows = at::arange(ids.size(0), ids.options());
  return {x, x.index({rows, p.end_positions(ids)})};
}

std::vector<Linear*> ClipTextEncoder::linears() {
  std::vector<Linear*> all;
  for (Layer& layer : parts_->layers) {
    for (Linear* one :
         {&layer.query, &layer.key, &layer.value, &layer.out, &layer.fc1, &layer.fc2}) {
      all.push_back(one);
    }
  }
  return all;
}

int64_t ClipTextEncoder::max_length() const {
  return parts_->positions.size(0);
}
int64_t ClipTextEncoder::width() const {
  return parts_->width;
}
std::string ClipTextEncoder::fingerprint() const {
  return parts_->weights.fingerprint();
}
std::map<std::string, Tensor> ClipTextEncoder::weights() const {
  return parts_->weights.taken();
}

}  // namespace lorarun::models
