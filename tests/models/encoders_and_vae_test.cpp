// VAE, CLIP and T5 against diffusers and transformers (tests/golden/README.md).

#include <gtest/gtest.h>

#include "runtime/models/encoder/clip_text.h"
#include "runtime/models/encoder/t5_encoder.h"
#include "runtime/models/vae/autoencoder_kl.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::models {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden";
const std::filesystem::path kMicro = kGolden / "micro_flux";

void expect_close(const Tensor& ours, const Tensor& theirs, double rtol, double atol) {
  ASSERT_EQ(ours.sizes(), theirs.sizes());
  EXPECT_TRUE(at::allclose(ours, theirs, rtol, atol))
      << "largest difference " << (ours - theirs).abs().max().item<double>();
}

TEST(AutoencoderKL, EncodesAsDiffusersDoes) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const AutoencoderKL vae(kMicro / "vae", {});
  const auto moments = vae.encode(golden.at("pixels"));
  expect_close(moments.mean, golden.at("mean"), 1e-4, 1e-5);
  expect_close(moments.logvar, golden.at("logvar"), 1e-4, 1e-5);
  expect_close((moments.mean - vae.shift_factor()) * vae.scaling_factor(), golden.at("latents"),
               1e-4, 1e-5);
}

TEST(AutoencoderKL, DecodesAsDiffusersDoes) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const AutoencoderKL vae(kMicro / "vae", {});
  const Tensor z = golden.at("decode.latents") / vae.scaling_factor() + vae.shift_factor();
  expect_close(vae.decode(z), golden.at("decode.pixels"), 1e-4, 1e-5);
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
  expect_close(output.last_hidden, golden.at("hidden"), 0, 1e-5);
  expect_close(output.pooled, golden.at("pooled"), 0, 1e-5);
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
  expect_close(t5.forward(golden.at("tokens")), golden.at("hidden"), 0, 1e-5);
}

TEST(T5Encoder, SharesFarBucketsBeyondTheLastDistance) {
  const at::NoGradGuard none;
  const NamedTensors golden = load_tensors(kGolden / "t5.safetensors");
  const T5Encoder t5(kMicro / "text_encoder_2", {});
  expect_close(t5.forward(golden.at("long.tokens")), golden.at("long.hidden"), 0, 1e-5);
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
  expect_close(ours.to(at::kFloat), wide.forward(ids), 0, 2e-2);
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
