#include "runtime/models/vae/autoencoder_kl.h"

#include <algorithm>
#include <vector>

#include "runtime/base/error.h"

#include "runtime/nn/linear.h"

namespace lorarun::models {
namespace {

using nn::Weights;

constexpr double kNormEpsilon = 1e-6;

// The sizes that all parts share.
struct Shape {
  std::vector<int64_t> channels;  // by block, from the pixels inwards
  int64_t layers_per_block = 2, groups = 32, latent_channels = 16;
  bool quant_conv = false, post_quant_conv = false, mid_attention = true;

  explicit Shape(const Json& config)
      : channels(config.at("block_out_channels").get<std::vector<int64_t>>()),
        layers_per_block(config.value("layers_per_block", 1)),
        groups(config.value("norm_num_groups", 32)),
        latent_channels(config.value("latent_channels", 4)),
        quant_conv(config.value("use_quant_conv", true)),
        post_quant_conv(config.value("use_post_quant_conv", true)),
        mid_attention(config.value("mid_block_add_attention", true)) {
    expect_sizes();
  }

 private:
  static constexpr size_t kMostLevels = 16;  // each halves the picture

  void expect_sizes() const {
    const auto fits = [this](int64_t count) {
      return count > 0 && groups > 0 && count % groups == 0;
    };
    const bool good = !channels.empty() && channels.size() <= kMostLevels &&
                      std::all_of(channels.begin(), channels.end(), fits) && layers_per_block > 0 &&
                      latent_channels > 0;
    if (good) { return; }
    throw Error(
        "the VAE's config.json describes no VAE: block_out_channels must be 1 to 16 positive "
        "multiples of norm_num_groups, layers_per_block and latent_channels positive")
        .fix("fetch the model's folder again");
  }
};

struct Conv {
  Tensor weight, bias;
  int64_t stride = 1, padding = 0;
  Tensor operator()(const Tensor& x) const { return at::conv2d(x, weight, bias, stride, padding); }
};

Conv take_conv(Weights& weights, const std::string& name, int64_t in, int64_t out, int64_t kernel,
               int64_t stride = 1) {
  // a halving convolution is padded by hand, on the right and below only
  const int64_t padding = stride == 1 ? kernel / 2 : 0;
  return {weights.take(name + ".weight", {out, in, kernel, kernel}),
          weights.take(name + ".bias", {out}), stride, padding};
}

struct GroupNorm {
  Tensor weight, bias;
  int64_t groups = 32;
  Tensor operator()(const Tensor& x) const {
    return at::group_norm(x, groups, weight, bias, kNormEpsilon);
  }
};

GroupNorm take_norm(Weights& weights, const std::string& name, int64_t channels, int64_t groups) {
  return {weights.take(name + ".weight", {channels}), weights.take(name + ".bias", {channels}),
          groups};
}

// x + conv(silu(norm(conv(silu(norm(x))))))
struct Residual {
  GroupNorm norm1, norm2;
  Conv conv1, conv2, shortcut;

  Tensor operator()(const Tensor& x) const {
    const Tensor hidden = conv1(at::silu(norm1(x)));
    const Tensor change = conv2(at::silu(norm2(hidden)));
    return (shortcut.weight.defined() ? shortcut(x) : x) + change;
  }
};

Residual take_residual(Weights& weights, const std::string& name, int64_t in, int64_t out,
                       int64_t groups) {
  Residual block{take_norm(weights, name + ".norm1", in, groups),
                 take_norm(weights, name + ".norm2", out, groups),
                 take_conv(weights, name + ".conv1", in, out, 3),
                 take_conv(weights, name + ".conv2", out, out, 3),
                 {}};
  if (in != out) { block.shortcut = take_conv(weights, name + ".conv_shortcut", in, out, 1); }
  return block;
}

// One head over all places of the picture.
struct Attention {
  GroupNorm norm;
  nn::Linear query, key, value, out;

  Tensor operator()(const Tensor& x) const {
    const Tensor tokens = norm(x).flatten(2).transpose(1, 2);  // [B, hw, C]
    const auto head = [&](const nn::Linear& layer) { return layer.forward(tokens).unsqueeze(1); };
    const Tensor mixed =
        at::scaled_dot_product_attention(head(query), head(key), head(value)).squeeze(1);
    return x + out.forward(mixed).transpose(1, 2).reshape(x.sizes());
  }
};

Attention take_attention(Weights& weights, const std::string& name, int64_t channels,
                         int64_t groups) {
  return {take_norm(weights, name + ".group_norm", channels, groups),
          nn::take_linear(weights, name + ".to_q", channels, channels),
          nn::take_linear(weights, name + ".to_k", channels, channels),
          nn::take_linear(weights, name + ".to_v", channels, channels),
          nn::take_linear(weights, name + ".to_out.0", channels, channels)};
}

struct Middle {
  std::vector<Residual> residuals;
  std::vector<Attention> attention;  // one or none

  Tensor operator()(Tensor x) const {
    x = residuals[0](x);
    for (const Attention& one : attention) { x = one(x); }
    return residuals[1](x);
  }
};

Middle take_middle(Weights& weights, const std::string& name, int64_t channels,
                   const Shape& shape) {
  Middle middle;
  for (const char* index : {"0", "1"}) {
    middle.residuals.push_back(
        take_residual(weights, name + ".resnets." + index, channels, channels, shape.groups));
  }
  if (shape.mid_attention) {
    middle.attention.push_back(
        take_attention(weights, name + ".attentions.0", channels, shape.groups));
  }
  return middle;
}

// A level of the pyramid: residual blocks, then a convolution that goes with halving or doubling.
struct Level {
  std::vector<Residual> residuals;
  Conv resize;  // undefined at the last level
};

Level take_level(Weights& weights, const std::string& name, int64_t in, int64_t out, int64_t layers,
                 int64_t groups) {
  Level level;
  for (int64_t i = 0; i < layers; ++i) {
    level.residuals.push_back(take_residual(weights, name + ".resnets." + std::to_string(i),
                                            i == 0 ? in : out, out, groups));
  }
  return level;
}

struct Encoder {
  Conv in, out;
  std::vector<Level> levels;
  Middle middle;
  GroupNorm norm;

  Encoder(Weights& weights, const Shape& shape) {
    in = take_conv(weights, "encoder.conv_in", 3, shape.channels.front(), 3);
    int64_t channels = shape.channels.front();
    for (size_t i = 0; i < shape.channels.size(); ++i) {
      const std::string name = "encoder.down_blocks." + std::to_string(i);
      levels.push_back(take_level(weights, name, channels, shape.channels[i],
                                  shape.layers_per_block, shape.groups));
      channels = shape.channels[i];
      if (i + 1 < shape.channels.size()) {
        levels.back().resize =
            take_conv(weights, name + ".downsamplers.0.conv", channels, channels, 3, /*stride=*/2);
      }
    }
    middle = take_middle(weights, "encoder.mid_block", channels, shape);
    norm = take_norm(weights, "encoder.conv_norm_out", channels, shape.groups);
    out = take_conv(weights, "encoder.conv_out", channels, 2 * shape.latent_channels, 3);
  }

  Tensor operator()(const Tensor& pixels) const {
    Tensor x = in(pixels);
    for (const Level& level : levels) {
      for (const Residual& residual : level.residuals) { x = residual(x); }
      if (level.resize.weight.defined()) { x = level.resize(at::constant_pad_nd(x, {0, 1, 0, 1})); }
    }
    return out(at::silu(norm(middle(x))));
  }
};

struct Decoder {
  Conv in, out;
  Middle middle;
  std::vector<Level> levels;
  GroupNorm norm;

  Decoder(Weights& weights, const Shape& shape) {
    int64_t channels = shape.channels.back();
    in = take_conv(weights, "decoder.conv_in", shape.latent_channels, channels, 3);
    middle = take_middle(weights, "decoder.mid_block", channels, shape);
    for (size_t i = 0; i < shape.channels.size(); ++i) {
      const std::string name = "decoder.up_blocks." + std::to_string(i);
      const int64_t wanted = shape.channels[shape.channels.size() - 1 - i];
      levels.push_back(
          take_level(weights, name, channels, wanted, shape.layers_per_block + 1, shape.groups));
      channels = wanted;
      if (i + 1 < shape.channels.size()) {
        levels.back().resize =
            take_conv(weights, name + ".upsamplers.0.conv", channels, channels, 3);
      }
    }
    norm = take_norm(weights, "decoder.conv_norm_out", channels, shape.groups);
    out = take_conv(weights, "decoder.conv_out", channels, 3, 3);
  }

  Tensor operator()(const Tensor& z) const {
    Tensor x = middle(in(z));
    for (const Level& level : levels) {
      for (const Residual& residual : level.residuals) { x = residual(x); }
      if (level.resize.weight.defined()) {
        x = level.resize(at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}));
      }
    }
    return out(at::silu(norm(x)));
  }
};

}  // namespace

struct AutoencoderKL::Parts {
  Json config;
  Shape shape;
  Weights weights;
  Encoder encoder;
  Decoder decoder;
  Conv quant, post_quant;  // undefined where the config has none
  nn::Placement placement;

  Parts(const std::filesystem::path& folder, nn::Placement where)
      : config(nn::read_config(folder, "AutoencoderKL")),
        shape(config),
        weights(Weights::open(folder, where)),
        encoder(weights, shape),
        decoder(weights, shape),
        placement(where) {
    const int64_t latent = shape.latent_channels;
    if (shape.quant_conv) { quant = take_conv(weights, "quant_conv", 2 * latent, 2 * latent, 1); }
    if (shape.post_quant_conv) {
      post_quant = take_conv(weights, "post_quant_conv", latent, latent, 1);
    }
    weights.expect_all_taken();
  }
};

AutoencoderKL::AutoencoderKL(const std::filesystem::path& folder, nn::Placement placement)
    : parts_(std::make_unique<Parts>(folder, placement)) {}
AutoencoderKL::~AutoencoderKL() = default;
AutoencoderKL::AutoencoderKL(AutoencoderKL&&) noexcept = default;

AutoencoderKL::Moments AutoencoderKL::encode(const Tensor& pixels) const {
  Tensor moments = parts_->encoder(pixels.to(parts_->placement.device, parts_->placement.dtype));
  if (parts_->quant.weight.defined()) { moments = parts_->quant(moments); }
  const std::vector<Tensor> halves = moments.chunk(2, 1);
  return {halves[0], halves[1].clamp(-30.0, 20.0)};
}

Tensor AutoencoderKL::decode(const Tensor& z) const {
  Tensor x = z.to(parts_->placement.device, parts_->placement.dtype);
  if (parts_->post_quant.weight.defined()) { x = parts_->post_quant(x); }
  return parts_->decoder(x);
}

double AutoencoderKL::scaling_factor() const {
  return parts_->config.value("scaling_factor", 0.18215);
}

double AutoencoderKL::shift_factor() const {
  const auto at = parts_->config.find("shift_factor");
  return at == parts_->config.end() || at->is_null() ? 0.0 : at->get<double>();
}

int64_t AutoencoderKL::latent_channels() const {
  return parts_->shape.latent_channels;
}
int64_t AutoencoderKL::downscale() const {
  return int64_t{1} << (parts_->shape.channels.size() - 1);
}
std::string AutoencoderKL::fingerprint() const {
  return parts_->weights.fingerprint();
}
std::map<std::string, Tensor> AutoencoderKL::weights() const {
  return parts_->weights.taken();
}

}  // namespace lorarun::models
