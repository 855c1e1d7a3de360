#include "runtime/models/denoiser/flux_blocks.h"

#include "runtime/nn/activation.h"
#include "runtime/nn/attention.h"
#include "runtime/nn/norm.h"
#include "runtime/nn/rope.h"

namespace lorarun::models {
namespace {

// Names inside a double block that differ between the two rows.
struct StreamNames {
  const char *modulation, *query, *key, *value, *query_norm, *key_norm, *out, *feed;
};
constexpr StreamNames kImage = {"norm1.linear", "attn.to_q",   "attn.to_k",     "attn.to_v",
                                "attn.norm_q",  "attn.norm_k", "attn.to_out.0", "ff"};
constexpr StreamNames kText = {"norm1_context.linear", "attn.add_q_proj",   "attn.add_k_proj",
                               "attn.add_v_proj",      "attn.norm_added_q", "attn.norm_added_k",
                               "attn.to_add_out",      "ff_context"};

FluxProjections take_projections(nn::Weights& weights, const std::string& block,
                                 const StreamNames& names, const FluxWidths& widths) {
  const int64_t dim = widths.dim();
  return {.query = nn::take_linear(weights, block + names.query, dim, dim),
          .key = nn::take_linear(weights, block + names.key, dim, dim),
          .value = nn::take_linear(weights, block + names.value, dim, dim),
          .query_norm = weights.take(block + names.query_norm + ".weight", {widths.head_dim}),
          .key_norm = weights.take(block + names.key_norm + ".weight", {widths.head_dim})};
}

FluxStream take_stream(nn::Weights& weights, const std::string& block, const StreamNames& names,
                       const FluxWidths& widths) {
  const int64_t dim = widths.dim(), hidden = widths.hidden();
  const std::string feed = block + names.feed;
  return {.modulation = nn::take_linear(weights, block + names.modulation, dim, 6 * dim),
          .attention = take_projections(weights, block, names, widths),
          .attention_out = nn::take_linear(weights, block + names.out, dim, dim),
          .feed_in = nn::take_linear(weights, feed + ".net.0.proj", dim, hidden),
          .feed_out = nn::take_linear(weights, feed + ".net.2", hidden, dim)};
}

// What the condition gives one row of a double block, [B, D] each.
struct Modulation {
  Tensor attention_shift, attention_scale, attention_gate, feed_shift, feed_scale, feed_gate;
};

Modulation modulation_of(const FluxStream& stream, const Tensor& condition) {
  const std::vector<Tensor> parts = stream.modulation.forward(condition).chunk(6, 1);
  return {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]};
}

// rows + gate * change: one pass
Tensor gated_sum(const Tensor& rows, const Tensor& gate, const Tensor& change) {
  return at::addcmul(rows, gate.unsqueeze(1), change);
}

Tensor heads_last(const Tensor& x, int64_t heads) {  // [B, S, D] -> [B, S, H, K]
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads});
}

// Queries, keys and values of several rows of tokens, joined along the tokens.
class JoinedRows {
 public:
  explicit JoinedRows(int64_t heads) : heads_(heads) {}

  void add(const FluxProjections& layers, const Tensor& normed) {
    queries_.push_back({heads_last(layers.query.forward(normed), heads_), layers.query_norm});
    keys_.push_back({heads_last(layers.key.forward(normed), heads_), layers.key_norm});
    values_.push_back(heads_last(layers.value.forward(normed), heads_));
  }

  Tensor attend(const Tensor& table) const {  // [B, S, D]
    const Tensor values = values_.size() == 1 ? values_[0] : at::cat(values_, 1);
    return nn::merge_heads(nn::attention(nn::norm_and_rope(queries_, table).transpose(1, 2),
                                         nn::norm_and_rope(keys_, table).transpose(1, 2),
                                         values.transpose(1, 2)));
  }

 private:
  int64_t heads_;
  std::vector<nn::HeadsPart> queries_, keys_;
  std::vector<Tensor> values_;
};

Tensor finish_stream(const FluxStream& stream, const Modulation& modulation, const Tensor& rows,
                     const Tensor& attended) {
  const Tensor after =
      gated_sum(rows, modulation.attention_gate, stream.attention_out.forward(attended));
  const Tensor normed = nn::modulated_norm(after, modulation.feed_scale, modulation.feed_shift);
  const Tensor hidden = nn::gelu_tanh(stream.feed_in.forward(normed));
  return gated_sum(after, modulation.feed_gate, stream.feed_out.forward(hidden));
}

std::vector<const nn::Linear*> layers_of(const FluxStream& stream) {
  return {&stream.modulation,      &stream.attention.query, &stream.attention.key,
          &stream.attention.value, &stream.attention_out,   &stream.feed_in,
          &stream.feed_out};
}

std::vector<nn::Linear*> writable(const std::vector<const nn::Linear*>& layers) {
  std::vector<nn::Linear*> all;
  for (const nn::Linear* layer : layers) { all.push_back(const_cast<nn::Linear*>(layer)); }
  return all;
}

// Adapters' parameters, and of weights and norms those that train.
std::vector<Tensor> training_parameters(const std::vector<const nn::Linear*>& layers,
                                        const std::vector<Tensor>& norms) {
  std::vector<Tensor> all = nn::adapter_parameters(layers);
  const auto add = [&all](const Tensor& weight) {
    if (weight.defined() && weight.requires_grad()) { all.push_back(weight); }
  };
  for (const nn::Linear* layer : layers) {
    add(layer->weight);
    add(layer->bias);
  }
  for (const Tensor& norm : norms) { add(norm); }
  return all;
}

}  // namespace

void add_weights(std::map<std::string, Tensor>& all, const nn::Linear& layer) {
  all[layer.name + ".weight"] = layer.weight;
  if (layer.bias.defined()) { all[layer.name + ".bias"] = layer.bias; }
}

FluxDoubleBlock::FluxDoubleBlock(nn::Weights& weights, const std::string& name,
                                 const FluxWidths& widths)
    : name_(name),
      heads_(widths.heads),
      image_(take_stream(weights, name + ".", kImage, widths)),
      text_(take_stream(weights, name + ".", kText, widths)) {}

FluxDoubleBlock::Rows FluxDoubleBlock::forward(const Rows& rows, const Tensor& condition,
                                               const Tensor& table) const {
  const Modulation text = modulation_of(text_, condition);
  const Modulation image = modulation_of(image_, condition);
  JoinedRows joined(heads_);
  joined.add(text_.attention,
             nn::modulated_norm(rows.text, text.attention_scale, text.attention_shift));
  joined.add(image_.attention,
             nn::modulated_norm(rows.image, image.attention_scale, image.attention_shift));
  const Tensor attended = joined.attend(table);
  const int64_t n_text = rows.text.size(1), n_image = rows.image.size(1);
  return {.text = finish_stream(text_, text, rows.text, attended.narrow(1, 0, n_text)),
          .image = finish_stream(image_, image, rows.image, attended.narrow(1, n_text, n_image))};
}

std::vector<nn::Linear*> FluxDoubleBlock::linears() {
  std::vector<const nn::Linear*> all = layers_of(image_);
  for (const nn::Linear* layer : layers_of(text_)) { all.push_back(layer); }
  return writable(all);
}

std::vector<Tensor> FluxDoubleBlock::parameters() const {
  std::vector<const nn::Linear*> layers = layers_of(image_);
  for (const nn::Linear* layer : layers_of(text_)) { layers.push_back(layer); }
  return training_parameters(layers, {image_.attention.query_norm, image_.attention.key_norm,
                                      text_.attention.query_norm, text_.attention.key_norm});
}

void FluxDoubleBlock::add_weights(std::map<std::string, Tensor>& all) const {
  for (const FluxStream* stream : {&image_, &text_}) {
    for (const nn::Linear* layer : layers_of(*stream)) { models::add_weights(all, *layer); }
    const StreamNames& names = stream == &image_ ? kImage : kText;
    all[name_ + "." + names.query_norm + ".weight"] = stream->attention.query_norm;
    all[name_ + "." + names.key_norm + ".weight"] = stream->attention.key_norm;
  }
}

FluxSingleBlock::FluxSingleBlock(nn::Weights& weights, const std::string& name,
                                 const FluxWidths& widths)
    : name_(name),
      heads_(widths.heads),
      modulation_(nn::take_linear(weights, name + ".norm.linear", widths.dim(), 3 * widths.dim())),
      attention_(take_projections(weights, name + ".", kImage, widths)),
      feed_in_(nn::take_linear(weights, name + ".proj_mlp", widths.dim(), widths.hidden())),
      out_(nn::take_linear(weights, name + ".proj_out", widths.dim() + widths.hidden(),
                           widths.dim())) {}

Tensor FluxSingleBlock::forward(const Tensor& rows, const Tensor& condition,
                                const Tensor& table) const {
  const std::vector<Tensor> modulation = modulation_.forward(condition).chunk(3, 1);
  const Tensor &shift = modulation[0], &scale = modulation[1], &gate = modulation[2];
  const Tensor normed = nn::modulated_norm(rows, scale, shift);
  JoinedRows joined(heads_);
  joined.add(attention_, normed);
  const Tensor hidden = nn::gelu_tanh(feed_in_.forward(normed));
  return gated_sum(rows, gate, out_.forward(at::cat({joined.attend(table), hidden}, 2)));
}

std::vector<nn::Linear*> FluxSingleBlock::linears() {
  return {&modulation_, &attention_.query, &attention_.key, &attention_.value, &feed_in_, &out_};
}

std::vector<Tensor> FluxSingleBlock::parameters() const {
  return training_parameters(
      {&modulation_, &attention_.query, &attention_.key, &attention_.value, &feed_in_, &out_},
      {attention_.query_norm, attention_.key_norm});
}

void FluxSingleBlock::add_weights(std::map<std::string, Tensor>& all) const {
  for (const nn::Linear* layer :
       {&modulation_, &attention_.query, &attention_.key, &attention_.value, &feed_in_, &out_}) {
    models::add_weights(all, *layer);
  }
  all[name_ + "." + kImage.query_norm + ".weight"] = attention_.query_norm;
  all[name_ + "." + kImage.key_norm + ".weight"] = attention_.key_norm;
}

}  // namespace lorarun::models
