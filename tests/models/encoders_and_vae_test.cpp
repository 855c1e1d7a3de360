// VAE, CLIP and T5 against diffusers and transformers (tests/golden/README.md).

#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "runtime/models/encoder/clip_text.h"
#include "runtime/models/encoder/t5_encoder.h"
#include "runtime/models/vae/autoencoder_kl.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/base/scratch.h"
#include "tests/golden/closeness.h"

namespace lorarun::models {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden";
const std::filesystem::path kMicro = kGolden / "micro_flux";

// Chains of sums: the VAE's convolutions of 8 channels by 3 x 3 over 4 levels, the encoders' widest
// layers in two blocks of six.
const double kVae = closeness::of_sums(72, 25);
const double kClip = closeness::of_sums(40, 12);
const double kT5 = closeness::of_sums(24, 14);

using closeness::expect_far;
using closeness::expect_near;

// A component of micro_flux whose config says something else.
fs::path altered(const Scratch& scratch, const std::string& component, const std::string& key,
                 const Json& value) {
  const fs::path folder = scratch / component;
  fs::copy(kMicro / component, folder, fs::copy_options::recursive);
  Json config = read_json(folder / "config.json");
  config[key] = value;
  write_atomically(folder / "config.json", config.dump());
  return folder;
}

TEST(AutoencoderKL, WithOtherGroupsIsFarOutsideTheBound) {
  const at::NoGradGuard none;
  const Scratch scratch;
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const AutoencoderKL vae(altered(scratch, "vae", "norm_num_groups", 4), {});
  expect_far(vae.encode(golden.at("pixels")).mean, golden.at("mean"), kVae, "groups");
}

TEST(ClipTextEncoder, WithAnotherEpsilonOrActivationIsFarOutsideTheBound) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "clip.safetensors");
  const std::map<std::string, Json> changes = {{"layer_norm_eps", 1e-6}, {"hidden_act", "gelu"}};
  for (const auto& [key, value] : changes) {
    const Scratch scratch;
    const ClipTextEncoder clip(altered(scratch, "text_encoder", key, value), {});
    expect_far(clip.forward(golden.at("tokens")).last_hidden, golden.at("hidden"), kClip, key);
  }
}

TEST(T5Encoder, WithAnotherEpsilonOrRangeOfPositionsIsFarOutsideTheBound) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "t5.safetensors");
  const std::map<std::string, Json> changes = {{"layer_norm_epsilon", 1e-5},
                                               {"relative_attention_max_distance", 64}};
  for (const auto& [key, value] : changes) {
    const Scratch scratch;
    const T5Encoder t5(altered(scratch, "text_encoder_2", key, value), {});
    expect_far(t5.forward(golden.at("long.tokens")), golden.at("long.hidden"), kT5, key);
  }
}

TEST(AutoencoderKL, EncodesAsDiffusersDoes) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const AutoencoderKL vae(kMicro / "vae", {});
  const auto moments = vae.encode(golden.at("pixels"));
  expect_near(moments.mean, golden.at("mean"), kVae, "mean");
  expect_near(moments.logvar, golden.at("logvar"), kVae, "logvar");
  expect_near((moments.mean - vae.shift_factor()) * vae.scaling_factor(), golden.at("latents"),
              kVae, "latents");
}

TEST(AutoencoderKL, DecodesAsDiffusersDoes) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const AutoencoderKL vae(kMicro / "vae", {});
  const Tensor z = golden.at("decode.latents") / vae.scaling_factor() + vae.shift_factor();
  expect_near(vae.decode(z), golden.at("decode.pixels"), kVae, "pixels");
}

TEST(AutoencoderKL, KnowsItsSizes) {
  const AutoencoderKL vae(kMicro / "vae", {});
  EXPECT_EQ(vae.latent_channels(), 16);
  EXPECT_EQ(vae.downscale(), 8);
}

TEST(ClipTextEncoder, GivesTheStatesAndPooledVectorOfTransformers) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "clip.safetensors");
  const ClipTextEncoder clip(kMicro / "text_encoder", {});
  const auto output = clip.forward(golden.at("tokens"));
  expect_near(output.last_hidden, golden.at("hidden"), kClip, "hidden");
  expect_near(output.pooled, golden.at("pooled"), kClip, "pooled");
}

TEST(ClipTextEncoder, NamesItsLayersAsLoraFilesDo) {
  ClipTextEncoder clip(kMicro / "text_encoder", {});
  const auto layers = clip.linears();
  ASSERT_EQ(layers.size(), 12U);
  EXPECT_EQ(layers.front()->name, "text_model.encoder.layers.0.self_attn.q_proj");
  EXPECT_EQ(layers.back()->name, "text_model.encoder.layers.1.mlp.fc2");
}

TEST(T5Encoder, GivesTheStatesOfTransformers) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "t5.safetensors");
  const T5Encoder t5(kMicro / "text_encoder_2", {});
  expect_near(t5.forward(golden.at("tokens")), golden.at("hidden"), kT5, "hidden");
}

TEST(T5Encoder, SharesFarBucketsBeyondTheLastDistance) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "t5.safetensors");
  const T5Encoder t5(kMicro / "text_encoder_2", {});
  expect_near(t5.forward(golden.at("long.tokens")), golden.at("long.hidden"), kT5, "long.hidden");
}

TEST(T5Encoder, StaysFiniteInFloat16WhereTheFeedForwardOutgrowsIt) {
  const at::NoGradGuard none;
  const Tensor ids = load_tensors(kGolden / "t5.safetensors").at("tokens");
  T5Encoder narrow(kMicro / "text_encoder_2", {.dtype = at::kHalf});
  T5Encoder wide(kMicro / "text_encoder_2", {});
  for (T5Encoder* one : {&narrow, &wide}) {
    for (nn::Linear* layer : one->linears()) {
      if (layer->name.ends_with(".wo")) { layer->weight = layer->weight * 1e8; }
    }
  }
  const Tensor ours = narrow.forward(ids);
  EXPECT_EQ(ours.scalar_type(), at::kHalf);
  EXPECT_TRUE(at::allclose(ours.to(at::kFloat), wide.forward(ids), 0, 2e-2));
}

TEST(TextEncoders, PassGradientsToTheirWeightsForLateTuning) {
  T5Encoder t5(kMicro / "text_encoder_2", {});
  nn::Linear* layer = t5.linears().front();
  layer->weight = layer->weight.clone().requires_grad_(true);
  t5.forward(at::tensor({3, 4, 5, 1}, at::kLong).unsqueeze(0)).pow(2).sum().backward();
  EXPECT_GT(layer->weight.grad().abs().max().item<double>(), 0.0);
}

}  // namespace
}  // namespace lorarun::models
