// Model families: one file each in families/, by the file's name.
//
// A family joins a denoiser, its text encoders and its VAE, and knows how the
// three speak to each other.  Everything above (data, training, rendering)
// works with this interface only: no room asks "is this flux?".

#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/registry.h"
#include "runtime/nn/linear.h"
#include "runtime/text/tokenizer.h"

namespace lorarun::models {

struct LoadOptions {
  nn::Placement denoiser;  // dtype and device of the transformer
  nn::Placement vae;       // float32 unless said otherwise
  nn::Placement text_encoder;
  bool recompute = false;  // recompute each block in backward
};

// Text as the denoiser takes it, for B captions.
struct TextEmbedding {
  std::map<std::string, Tensor> text;    // by encoder: "t5" [B, S, D]
  std::map<std::string, Tensor> pooled;  // by encoder: "clip_l" [B, P]
  std::map<std::string, Tensor> tokens;  // by encoder: [B, S] int64
};

// What the VAE's encoder says of a picture, before shift and scale.
struct ImagePosterior {
  Tensor mean, logvar;  // [B, C, h, w]
};

// How noise times relate to the model and the sampler.
struct SigmaShift {
  bool dynamic = false;
  double shift = 1.0;  // static factor
  double base_shift = 0.5, max_shift = 1.15;
  int64_t base_tokens = 256, max_tokens = 4096;
};

// A loaded model.  Components load when they are first needed and can be released.
class Model {
 public:
  virtual ~Model() = default;

  virtual std::string family() const = 0;
  // Content hash of a component's frozen weights ("vae", a text encoder, or "text" for all of
  // them): parts of cache keys.
  virtual std::string fingerprint(const std::string& component) const = 0;
  virtual int64_t latent_channels() const = 0;    // C
  virtual int64_t pixels_per_latent() const = 0;  // 8
  virtual int64_t size_multiple_px() const = 0;   // sides of images must be multiples of this: 16
  virtual bool embeds_guidance() const = 0;
  virtual SigmaShift sigma_shift() const = 0;
  virtual int64_t image_tokens(int64_t h, int64_t w) const = 0;  // for a latent of h x w

  // pixels [B, 3, H, W] in [-1, 1] -> latents [B, C, h, w], the posterior's mean (or, with
  // `noise` [B, C, h, w], mean + std * noise), after shift and scale.
  virtual Tensor encode_image(const Tensor& pixels, const Tensor& noise = {}) = 0;

  // latents [B, C, h, w] -> pixels [B, 3, H, W] in [-1, 1]
  virtual Tensor decode_image(const Tensor& latents) = 0;

  // The halves of a VAE, differentiable: pixels as above -> posterior; z [B, C, h, w], drawn from
  // it and without shift and scale -> pixels.
  virtual ImagePosterior image_posterior(const Tensor& pixels) = 0;
  virtual Tensor image_of(const Tensor& z) = 0;

  // Names of the text encoders: {"clip_l", "t5"}.
  virtual std::vector<std::string> text_encoders() const = 0;

  // Runs the named text encoders, all of them when none is named.  Differentiable when adapters of
  // theirs train.
  virtual TextEmbedding encode_text(const std::vector<std::string>& captions,
                                    const std::vector<std::string>& encoders = {}) = 0;

  // What a text encoder's adapters change now (nn::Adapter::change_key), without loading it; ""
  // when its embeddings are those of the base model.
  virtual std::string change_key(const std::string& encoder) const = 0;

  // noisy [B, C, h, w], sigma [B] in [0, 1], guidance [B] -> prediction [B, C, h, w] float32
  virtual Tensor predict(const Tensor& noisy, const Tensor& sigma, const TextEmbedding& text,
                         const Tensor& guidance) = 0;

  virtual std::vector<nn::AdaptableLayer> layers(const std::string& component) = 0;

  // Frees the weights of "vae", a text encoder, or "text" (all of them); they load again when
  // needed, with the adapters that were in their layers.
  virtual void release(const std::string& component) = 0;

  // Loads a component and lets release() pass it by from now on: its weights train, and what the
  // files hold is no longer what it is.  change_key() then tells of its weights.
  virtual void keep(const std::string& component) = 0;

  // Loads a text encoder, if it is not there, and gives the bytes of its weights.
  virtual int64_t load(const std::string& encoder) = 0;
  virtual bool is_loaded(const std::string& component) const = 0;

  // Where each component's weights lie in the diffusers folder: "vae" ->
  // "vae/diffusion_pytorch_model.safetensors".
  virtual std::map<std::string, std::string> weight_files() const = 0;

  // All weights of a component by diffusers name: for full training and for writing a base.
  virtual std::map<std::string, Tensor> weights(const std::string& component) = 0;

  // A second model from the same files, as they are: without adapters, and without what trained
  // since.  It loads its own weights when they are first needed.
  virtual std::unique_ptr<Model> reopen() const = 0;
};

struct FamilyKind {
  std::string about;
  // Says whether a folder's model_index.json belongs to this family.
  std::function<bool(const std::filesystem::path& folder)> recognises;
  std::function<std::unique_ptr<Model>(const std::filesystem::path& folder, const LoadOptions&)>
      load;
};

const Registry<FamilyKind>& registry();  // generated

// Opens a diffusers folder; `family` may be empty: then the folder tells.  On the meta device the
// configs are enough: weights are shapes, and every text is the same ids (tensor/imagined.h).
// Throws Error for a folder of an unknown architecture, naming what was found.
std::unique_ptr<Model> open_model(const std::filesystem::path& folder, const std::string& family,
                                  const LoadOptions& options);

}  // namespace lorarun::models
