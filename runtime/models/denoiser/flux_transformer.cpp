#include "runtime/models/denoiser/flux_transformer.h"

#include <numeric>

#include "runtime/base/error.h"
#include "runtime/nn/activation.h"
#include "runtime/nn/embedding.h"
#include "runtime/nn/norm.h"
#include "runtime/nn/recompute.h"
#include "runtime/nn/rope.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::models {
namespace {

constexpr const char* kClass = "FluxTransformer2DModel";
constexpr int64_t kMostBlocks = 1000;  // of a kind: what is above is a damaged config
constexpr int64_t kTimeFeatures = 256;
constexpr double kTimeScale = 1000.0;  // the model was trained on times 0 … 1000

// Reads keys of a config and says in words which one does not fit.
class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& folder)
      : place_((folder / "config.json").string()), json_(nn::read_config(folder, kClass)) {}

  int64_t whole(const char* key, int64_t otherwise) const {
    if (!has(key)) { return otherwise; }
    const Json& value = json_[key];
    if (!value.is_number_integer() || value.get<int64_t>() < 0) {
      throw Error(std::string(key) + " must be a whole number, not " + value.dump()).where(place_);
    }
    return value.get<int64_t>();
  }

  bool flag(const char* key) const { return has(key) && json_[key] == true; }

  std::vector<int64_t> whole_list(const char* key, std::vector<int64_t> otherwise) const {
    if (!has(key)) { return otherwise; }
    try {
      return json_[key].get<std::vector<int64_t>>();
    } catch (const Json::exception&) {
      throw Error(std::string(key) + " must be a list of whole numbers, not " + json_[key].dump())
          .where(place_);
    }
  }

  void expect(bool fits, const std::string& otherwise) const {
    if (!fits) { throw Error(otherwise).where(place_).fix("fetch the model's folder again"); }
  }

 private:
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  std::string place_;
  Json json_;
};

void expect_consistent(const FluxConfig& config, const ConfigReader& reader) {
  const int64_t head_dim = config.widths.head_dim;
  const auto& axes = config.axes_dims_rope;
  reader.expect(std::accumulate(axes.begin(), axes.end(), int64_t{0}) == head_dim,
                "axes_dims_rope must sum to attention_head_dim = " + std::to_string(head_dim));
  reader.expect(axes.size() == 3 && axes[0] % 2 == 0 && axes[1] % 2 == 0 && axes[2] % 2 == 0,
                "axes_dims_rope must be three even numbers");
  reader.expect(config.widths.heads > 0 && head_dim > 0, "the model has no attention heads");
  reader.expect(config.num_layers <= kMostBlocks && config.num_single_layers <= kMostBlocks,
                "num_layers and num_single_layers are at most " + std::to_string(kMostBlocks));
  reader.expect(config.in_channels > 0 && config.in_channels % 4 == 0,
                "in_channels must be a multiple of 4: tokens are patches of 2 x 2");
}

}  // namespace

FluxConfig FluxConfig::read(const std::filesystem::path& folder) {
  const ConfigReader reader(folder);
  FluxConfig config;
  reader.expect(reader.whole("patch_size", 1) == 1, "only patch_size 1 is known for FLUX.1");
  config.in_channels = reader.whole("in_channels", config.in_channels);
  config.out_channels = reader.whole("out_channels", config.in_channels);
  config.num_layers = reader.whole("num_layers", config.num_layers);
  config.num_single_layers = reader.whole("num_single_layers", config.num_single_layers);
  config.widths.heads = reader.whole("num_attention_heads", 24);
  config.widths.head_dim = reader.whole("attention_head_dim", 128);
  config.joint_attention_dim = reader.whole("joint_attention_dim", config.joint_attention_dim);
  config.pooled_projection_dim =
      reader.whole("pooled_projection_dim", config.pooled_projection_dim);
  config.guidance_embeds = reader.flag("guidance_embeds");
  config.axes_dims_rope = reader.whole_list("axes_dims_rope", config.axes_dims_rope);
  expect_consistent(config, reader);
  return config;
}

Tensor pack_latents(const Tensor& latents) {
  const int64_t b = latents.size(0), c = latents.size(1), h = latents.size(2), w = latents.size(3);
  if (h % 2 != 0 || w % 2 != 0) {
    throw Error("a latent of shape " + shape_text(latents.sizes()) +
                " cannot be cut into patches of 2 x 2")
        .fix("use image sides that are multiples of 16 pixels");
  }
  return latents.reshape({b, c, h / 2, 2, w / 2, 2})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({b, (h / 2) * (w / 2), 4 * c});
}

Tensor unpack_latents(const Tensor& tokens, int64_t h, int64_t w) {
  const int64_t b = tokens.size(0), c = tokens.size(2) / 4;
  return tokens.reshape({b, h / 2, w / 2, c, 2, 2})
      .permute({0, 3, 1, 4, 2, 5})
      .reshape({b, c, h, w});
}

FluxTransformer::FluxTransformer(const std::filesystem::path& folder, nn::Placement placement)
    : config_(FluxConfig::read(folder)), placement_(placement) {
  nn::Weights weights = nn::Weights::open(folder, placement);
  take_all(weights);
  weights.expect_all_taken();
  fingerprint_ = weights.fingerprint();
}

void FluxTransformer::take_all(nn::Weights& weights) {
  const int64_t dim = config_.widths.dim();
  const std::string embed = "time_text_embed.";
  image_in_ = nn::take_linear(weights, "x_embedder", config_.in_channels, dim);
  text_in_ = nn::take_linear(weights, "context_embedder", config_.joint_attention_dim, dim);
  time_ = take_embedder(weights, embed + "timestep_embedder", kTimeFeatures, dim);
  pooled_ = take_embedder(weights, embed + "text_embedder", config_.pooled_projection_dim, dim);
  if (config_.guidance_embeds) {
    guidance_ = take_embedder(weights, embed + "guidance_embedder", kTimeFeatures, dim);
  }
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    double_blocks_.emplace_back(weights, "transformer_blocks." + std::to_string(i), config_.widths);
  }
  for (int64_t i = 0; i < config_.num_single_layers; ++i) {
    single_blocks_.emplace_back(weights, "single_transformer_blocks." + std::to_string(i),
                                config_.widths);
  }
  last_modulation_ = nn::take_linear(weights, "norm_out.linear", dim, 2 * dim);
  out_ = nn::take_linear(weights, "proj_out", dim, config_.out_channels);
}

FluxTransformer::Embedder FluxTransformer::take_embedder(nn::Weights& weights,
                                                         const std::string& name, int64_t in,
                                                         int64_t out) {
  return {.first = nn::take_linear(weights, name + ".linear_1", in, out),
          .second = nn::take_linear(weights, name + ".linear_2", out, out)};
}

Tensor FluxTransformer::Embedder::forward(const Tensor& x) const {
  return second.forward(nn::silu(first.forward(x)));
}

void FluxTransformer::expect_inputs(const Inputs& inputs) const {
  expect_shape(inputs.noisy, "B C h w", {{"C", config_.latent_channels()}}, "the noisy latent");
  const int64_t batch = inputs.noisy.size(0);
  expect_shape(inputs.sigma, "B", {{"B", batch}}, "sigma");
  expect_shape(inputs.text, "B S D", {{"B", batch}, {"D", config_.joint_attention_dim}},
               "the text embedding");
  expect_shape(inputs.pooled, "B P", {{"B", batch}, {"P", config_.pooled_projection_dim}},
               "the pooled text embedding");
  if (config_.guidance_embeds) { expect_shape(inputs.guidance, "B", {{"B", batch}}, "guidance"); }
}

// Times are rounded to the weights' type before they are scaled, as diffusers does.
Tensor FluxTransformer::time_embedding(const Embedder& embedder, const Tensor& time,
                                       at::ScalarType dtype) const {
  const Tensor scaled = time.to(placement_.device, dtype) * kTimeScale;
  return embedder.forward(nn::time_features(scaled, kTimeFeatures).to(dtype));
}

Tensor FluxTransformer::condition(const Inputs& inputs, at::ScalarType dtype) const {
  Tensor sum = time_embedding(time_, inputs.sigma, dtype);
  if (guidance_) { sum = sum + time_embedding(*guidance_, inputs.guidance, dtype); }
  return sum + pooled_.forward(inputs.pooled.to(placement_.device, dtype));
}

// Positions: (0, 0, 0) for every text token, (0, row, column) for patches.
Tensor FluxTransformer::positions_table(int64_t n_text, int64_t h, int64_t w) const {
  const std::vector<int64_t> shape = {n_text, h, w};
  if (table_.shape == shape) { return table_.values; }
  const at::TensorOptions options(at::kDouble);
  Tensor patches = at::zeros({h / 2, w / 2, 3}, options);
  patches.select(2, 1).copy_(at::arange(h / 2, options).unsqueeze(1).expand({h / 2, w / 2}));
  patches.select(2, 2).copy_(at::arange(w / 2, options).unsqueeze(0).expand({h / 2, w / 2}));
  const Tensor positions = at::cat({at::zeros({n_text, 3}, options), patches.view({-1, 3})});
  table_ = {shape, nn::rope_table(positions, config_.axes_dims_rope).to(placement_.device)};
  return table_.values;
}

FluxDoubleBlock::Rows FluxTransformer::run_double(const FluxDoubleBlock& block,
                                                  const FluxDoubleBlock::Rows& rows,
                                                  const Tensor& condition,
                                                  const Tensor& table) const {
  const nn::Block body = [&block, table](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const auto out = block.forward({.text = in[0], .image = in[1]}, in[2].alias(), table);
    return {out.text, out.image};
  };
  const auto out =
      nn::recompute(recompute_, body, {rows.text, rows.image, condition}, block.parameters());
  return {.text = out[0], .image = out[1]};
}

Tensor FluxTransformer::run_single(const FluxSingleBlock& block, const Tensor& rows,
                                   const Tensor& condition, const Tensor& table) const {
  const nn::Block body = [&block, table](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {block.forward(in[0], in[1].alias(), table)};
  };
  return nn::recompute(recompute_, body, {rows, condition}, block.parameters())[0];
}

void FluxTransformer::show(const std::string& name, const Tensor& value) const {
  if (watcher_) { watcher_(name, value); }
}

Tensor FluxTransformer::forward(const Inputs& inputs) const {
  expect_inputs(inputs);
  const at::ScalarType dtype = image_in_.weight.scalar_type();
  const int64_t n_text = inputs.text.size(1), h = inputs.noisy.size(2), w = inputs.noisy.size(3);

  const Tensor packed = pack_latents(inputs.noisy).to(placement_.device, dtype);
  FluxDoubleBlock::Rows rows = {.text = text_in_.forward(inputs.text.to(placement_.device, dtype)),
                                .image = image_in_.forward(packed)};
  const Tensor time = condition(inputs, dtype);
  const Tensor modulator = nn::silu(time);
  const Tensor table = positions_table(n_text, h, w);
  show("embed.text", rows.text);
  show("embed.image", rows.image);
  show("embed.time", time);

  for (size_t i = 0; i < double_blocks_.size(); ++i) {
    rows = run_double(double_blocks_[i], rows, modulator, table);
    show("double." + std::to_string(i) + ".text", rows.text);
    show("double." + std::to_string(i) + ".image", rows.image);
  }
  Tensor joined = at::cat({rows.text, rows.image}, 1);
  rows = {};
  for (size_t i = 0; i < single_blocks_.size(); ++i) {
    joined = run_single(single_blocks_[i], joined, modulator, table);
    show("single." + std::to_string(i) + ".text", joined.narrow(1, 0, n_text));
    show("single." + std::to_string(i) + ".image", joined.narrow(1, n_text, packed.size(1)));
  }

  const std::vector<Tensor> last = last_modulation_.forward(modulator).chunk(2, 1);
  const Tensor image = joined.narrow(1, n_text, packed.size(1));
  const Tensor normed = nn::modulated_norm(image, /*scale=*/last[0], /*shift=*/last[1]);
  show("norm_out", normed);
  return unpack_latents(out_.forward(normed), h, w);
}

std::vector<nn::Linear*> FluxTransformer::linears() {
  std::vector<nn::Linear*> all;
  for (FluxDoubleBlock& block : double_blocks_) {
    for (nn::Linear* layer : block.linears()) { all.push_back(layer); }
  }
  for (FluxSingleBlock& block : single_blocks_) {
    for (nn::Linear* layer : block.linears()) { all.push_back(layer); }
  }
  return all;
}

std::map<std::string, Tensor> FluxTransformer::weights() const {
  std::map<std::string, Tensor> all;
  std::vector<const nn::Linear*> layers = {&image_in_,        &text_in_,      &time_.first,
                                           &time_.second,     &pooled_.first, &pooled_.second,
                                           &last_modulation_, &out_};
  if (guidance_) {
    layers.push_back(&guidance_->first);
    layers.push_back(&guidance_->second);
  }
  for (const nn::Linear* layer : layers) { add_weights(all, *layer); }
  for (const FluxDoubleBlock& block : double_blocks_) { block.add_weights(all); }
  for (const FluxSingleBlock& block : single_blocks_) { block.add_weights(all); }
  return all;
}

}  // namespace lorarun::models
