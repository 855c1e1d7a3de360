// FLUX.1: a flow transformer, CLIP-L for the pooled text, T5 for the text rows,
// and a VAE with 8 pixels to a latent.
//
//   caption --tokenizer--> CLIP --pooled--> condition
//           --tokenizer_2--> T5 --rows--> text
//   pixels --VAE--> (mean - shift) * scale = latents --transformer--> flow
//
// A folder in diffusers layout (model_index.json with _class_name FluxPipeline),
// or one that holds the transformer only, for benches.  Every component loads when
// it is first needed.  A text encoder that is released keeps the slots of its adapters, so that a
// network stays on it through release and reload.
//
// T5 sees 512 tokens (or what tokenizer_2 allows), padded, without a mask: so the
// model was trained.

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/hash.h"
#include "runtime/models/denoiser/flux_transformer.h"
#include "runtime/models/encoder/clip_text.h"
#include "runtime/models/encoder/t5_encoder.h"
#include "runtime/models/registry.h"
#include "runtime/models/vae/autoencoder_kl.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::models {
namespace {

constexpr const char* kPipelineClass = "FluxPipeline";
constexpr const char* kTransformerClass = "FluxTransformer2DModel";
constexpr int64_t kPixelsPerLatent = 8;
constexpr int64_t kLongestT5 = 512;  // FLUX.1-dev's length; schnell's was 256

std::string class_in(const fs::path& file) {
  return fs::exists(file) ? read_json(file).value("_class_name", "") : "";
}

int64_t t5_length(const fs::path& tokenizer) {
  const fs::path file = tokenizer / "tokenizer_config.json";
  if (!fs::exists(file)) { return kLongestT5; }
  const Json limit = read_json(file).value("model_max_length", Json(kLongestT5));
  if (!limit.is_number()) { return kLongestT5; }  // "no limit" is a number above 1e30
  return static_cast<int64_t>(std::min(limit.get<double>(), static_cast<double>(kLongestT5)));
}

// [B, length].  Without a tokenizer the ids are zeros: an imagined encoder reads no words.
Tensor ids_of(const Tokenizer* tokenizer, const std::vector<std::string>& captions,
              int64_t length) {
  if (tokenizer == nullptr) {
    return at::zeros({static_cast<int64_t>(captions.size()), length}, at::kLong);
  }
  std::vector<Tensor> rows;
  for (const std::string& caption : captions) {
    rows.push_back(at::tensor(tokenizer->encode_padded(caption, length), at::kLong));
  }
  return at::stack(rows);
}

Error no_component(const std::string& component) {
  return Error("FLUX.1 has no component named '" + component + "'")
      .fix(component, {"transformer", "clip_l", "t5", "vae", "text"}, "components");
}

std::string hash_of(const std::map<std::string, Tensor>& weights) {
  Sha256 hash;
  for (const auto& [name, tensor] : weights) {
    const Tensor plain = tensor.detach().cpu().contiguous();
    hash.add(name).add(plain.const_data_ptr(), plain.nbytes());
  }
  return hash.hex();
}

// One component: its folder and how to make it; made at the first get().
template <typename Component>
class Lazy {
 public:
  Lazy(fs::path folder, nn::Placement placement)
      : folder_(std::move(folder)), placement_(placement) {}

  Component& get() {
    if (component_) { return *component_; }
    component_ = std::make_unique<Component>(folder_, placement_);
    if constexpr (kIsAdaptable) { slots_.put_back(component_->linears()); }
    return *component_;
  }

  void release() {
    if (!component_ || kept_) { return; }
    if constexpr (kIsAdaptable) { slots_.keep(component_->linears()); }
    component_.reset();
  }

  void keep() {
    get();
    kept_ = true;
  }

  bool is_loaded() const { return component_ != nullptr; }

  // Of its adapters, or of all its weights when they train themselves.
  std::string change_key() const {
    if (kept_) { return hash_of(component_->weights()); }
    return component_ ? nn::AdapterSlots::change_key(component_->linears()) : slots_.change_key();
  }

  const nn::Placement& placement() const { return placement_; }

  // Content hash; a released component need not load for it again.
  const std::string& fingerprint() {
    if (fingerprint_.empty()) {
      fingerprint_ = component_ ? component_->fingerprint()
                                : nn::Weights::open(folder_, placement_).fingerprint();
    }
    return fingerprint_;
  }

 private:
  static constexpr bool kIsAdaptable = requires(Component & one) { one.linears(); };

  fs::path folder_;
  nn::Placement placement_;
  std::unique_ptr<Component> component_;
  nn::AdapterSlots slots_;  // of a released component
  bool kept_ = false;       // release() leaves it
  std::string fingerprint_;
};

class Flux : public Model {
 public:
  Flux(const fs::path& folder, const LoadOptions& options)
      : folder_(folder),
        options_(options),
        config_(FluxConfig::read(folder / "transformer")),
        transformer_(folder / "transformer", options.denoiser),
        vae_(folder / "vae", options.vae),
        clip_(folder / "text_encoder", options.text_encoder),
        t5_(folder / "text_encoder_2", options.text_encoder) {}

  std::string family() const override { return "flux"; }
  std::unique_ptr<Model> reopen() const override {
    return std::make_unique<Flux>(folder_, options_);
  }
  int64_t latent_channels() const override { return config_.latent_channels(); }
  int64_t pixels_per_latent() const override { return kPixelsPerLatent; }
  int64_t size_multiple_px() const override { return 2 * kPixelsPerLatent; }
  bool embeds_guidance() const override { return config_.guidance_embeds; }
  int64_t image_tokens(int64_t h, int64_t w) const override { return (h / 2) * (w / 2); }

  std::string fingerprint(const std::string& component) const override {
    if (component == "transformer") { return transformer_.fingerprint(); }
    if (component == "vae") { return vae_.fingerprint(); }
    if (component == "clip_l") { return clip_.fingerprint(); }
    if (component == "t5") {
      return t5_.fingerprint() + "-" + std::to_string(t5_length(folder_ / "tokenizer_2"));
    }
    if (component == "text") { return fingerprint("clip_l") + fingerprint("t5"); }
    throw no_component(component);
  }

  SigmaShift sigma_shift() const override {
    SigmaShift shift;
    const fs::path file = folder_ / "scheduler" / "scheduler_config.json";
    if (!fs::exists(file)) { return shift; }
    const Json config = read_json(file);
    shift.dynamic = config.value("use_dynamic_shifting", shift.dynamic);
    shift.shift = config.value("shift", shift.shift);
    shift.base_shift = config.value("base_shift", shift.base_shift);
    shift.max_shift = config.value("max_shift", shift.max_shift);
    shift.base_tokens = config.value("base_image_seq_len", shift.base_tokens);
    shift.max_tokens = config.value("max_image_seq_len", shift.max_tokens);
    return shift;
  }

  Tensor encode_image(const Tensor& pixels, const Tensor& noise) override {
    expect_shape(pixels, "B C H W", {{"C", 3}}, "the picture");
    AutoencoderKL& vae = vae_.get();
    const auto [mean, logvar] = vae.encode(to(vae_.placement(), pixels));
    const Tensor z =
        noise.defined() ? mean + at::exp(0.5 * logvar) * to(vae_.placement(), noise) : mean;
    return (z - vae.shift_factor()) * vae.scaling_factor();
  }

  Tensor decode_image(const Tensor& latents) override {
    expect_shape(latents, "B C h w", {{"C", latent_channels()}}, "the latent");
    AutoencoderKL& vae = vae_.get();
    return vae.decode(to(vae_.placement(), latents) / vae.scaling_factor() + vae.shift_factor());
  }

  ImagePosterior image_posterior(const Tensor& pixels) override {
    expect_shape(pixels, "B C H W", {{"C", 3}}, "the picture");
    AutoencoderKL& vae = vae_.get();
    const auto [mean, logvar] = vae.encode(to(vae_.placement(), pixels));
    return {mean, logvar};
  }

  Tensor image_of(const Tensor& z) override { return vae_.get().decode(to(vae_.placement(), z)); }

  std::vector<std::string> text_encoders() const override { return {"clip_l", "t5"}; }

  TextEmbedding encode_text(const std::vector<std::string>& captions,
                            const std::vector<std::string>& encoders) override {
    open_tokenizers();
    TextEmbedding embedding;
    for (const std::string& encoder : encoders.empty() ? text_encoders() : encoders) {
      expect_encoder(encoder);
      if (encoder == "clip_l") {
        const Tensor ids = ids_of(clip_tokenizer_.get(), captions, clip_.get().max_length());
        embedding.tokens[encoder] = ids;
        embedding.pooled[encoder] = clip_.get().forward(ids.to(clip_.placement().device)).pooled;
      } else {
        const Tensor ids =
            ids_of(t5_tokenizer_.get(), captions, t5_length(folder_ / "tokenizer_2"));
        embedding.tokens[encoder] = ids;
        embedding.text[encoder] = t5_.get().forward(ids.to(t5_.placement().device));
      }
    }
    return embedding;
  }

  std::string change_key(const std::string& encoder) const override {
    expect_encoder(encoder);
    return encoder == "clip_l" ? clip_.change_key() : t5_.change_key();
  }

  Tensor predict(const Tensor& noisy, const Tensor& sigma, const TextEmbedding& text,
                 const Tensor& guidance) override {
    return transformer()
        .forward({.noisy = noisy,
                  .sigma = sigma,
                  .text = embedding_of(text.text, "t5"),
                  .pooled = embedding_of(text.pooled, "clip_l"),
                  .guidance = guidance})
        .to(at::kFloat);
  }

  std::vector<nn::AdaptableLayer> layers(const std::string& component) override {
    std::vector<nn::Linear*> linears;
    if (component == "transformer") {
      linears = transformer().linears();
    } else if (component == "clip_l") {
      linears = clip_.get().linears();
    } else if (component == "t5") {
      linears = t5_.get().linears();
    } else {
      throw no_component(component);
    }
    std::vector<nn::AdaptableLayer> all;
    for (nn::Linear* linear : linears) { all.push_back({component, linear}); }
    return all;
  }

  void release(const std::string& component) override {
    if (component == "vae") { return vae_.release(); }
    if (component != "text") { expect_encoder(component); }
    if (component != "t5") { clip_.release(); }
    if (component != "clip_l") { t5_.release(); }
  }

  void keep(const std::string& component) override {
    if (component == "transformer") { return transformer_.keep(); }
    if (component == "vae") { return vae_.keep(); }
    expect_encoder(component);
    component == "clip_l" ? clip_.keep() : t5_.keep();
  }

  int64_t load(const std::string& encoder) override {
    expect_encoder(encoder);
    int64_t bytes = 0;
    for (const auto& [name, tensor] : weights(encoder)) {
      bytes += static_cast<int64_t>(tensor.nbytes());
    }
    return bytes;
  }

  bool is_loaded(const std::string& component) const override {
    if (component == "transformer") { return transformer_.is_loaded(); }
    if (component == "vae") { return vae_.is_loaded(); }
    expect_encoder(component);
    return component == "clip_l" ? clip_.is_loaded() : t5_.is_loaded();
  }

  std::map<std::string, std::string> weight_files() const override {
    return {{"transformer", "transformer/diffusion_pytorch_model.safetensors"},
            {"vae", "vae/diffusion_pytorch_model.safetensors"},
            {"clip_l", "text_encoder/model.safetensors"},
            {"t5", "text_encoder_2/model.safetensors"}};
  }

  std::map<std::string, Tensor> weights(const std::string& component) override {
    if (component == "transformer") { return transformer().weights(); }
    if (component == "vae") { return vae_.get().weights(); }
    if (component == "clip_l") { return clip_.get().weights(); }
    if (component == "t5") { return t5_.get().weights(); }
    throw no_component(component);
  }

 private:
  static Tensor to(const nn::Placement& placement, const Tensor& tensor) {
    return tensor.to(placement.device, placement.dtype);
  }

  static void expect_encoder(const std::string& name) {
    if (name != "clip_l" && name != "t5") { throw no_component(name); }
  }

  static Tensor embedding_of(const std::map<std::string, Tensor>& embeddings,
                             const std::string& encoder) {
    const auto at = embeddings.find(encoder);
    if (at == embeddings.end()) {
      throw Error("the text embedding has no part from '" + encoder + "'")
          .fix("make it with model:encode_text of the same model");
    }
    return at->second;
  }

  FluxTransformer& transformer() {
    FluxTransformer& model = transformer_.get();
    model.set_recompute(options_.recompute);
    return model;
  }

  void open_tokenizers() {
    if (options_.text_encoder.device.is_meta()) { return; }
    if (!clip_tokenizer_) { clip_tokenizer_ = open_clip_tokenizer(folder_ / "tokenizer"); }
    if (!t5_tokenizer_) { t5_tokenizer_ = open_t5_tokenizer(folder_ / "tokenizer_2"); }
  }

  fs::path folder_;
  LoadOptions options_;
  FluxConfig config_;
  mutable Lazy<FluxTransformer> transformer_;
  mutable Lazy<AutoencoderKL> vae_;
  mutable Lazy<ClipTextEncoder> clip_;
  mutable Lazy<T5Encoder> t5_;
  std::unique_ptr<Tokenizer> clip_tokenizer_, t5_tokenizer_;
};

// The index decides; without one, the transformer's own config does.
bool recognises(const fs::path& folder) {
  const std::string pipeline = class_in(folder / "model_index.json");
  if (!pipeline.empty()) { return pipeline == kPipelineClass; }
  return class_in(folder / "transformer" / "config.json") == kTransformerClass;
}

}  // namespace

FamilyKind describe_flux() {
  return {.about = "FLUX.1 (dev, schnell and other sizes)",
          .recognises = recognises,
          .load = [](const fs::path& folder, const LoadOptions& options) {
            return std::make_unique<Flux>(folder, options);
          }};
}

}  // namespace lorarun::models
