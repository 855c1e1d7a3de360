// Latents and text embeddings of a dataset, computed once and kept on disk.
//
//   picture --load, resize, crop--> pixels --VAE--> latent [C, h, w]
//   caption --text encoders--> embedding [S, D], pooled [P], tokens [S]
//
// Keys are hashes of content: picture bytes + bucket + flip + VAE fingerprint;
// caption text + encoder fingerprint.  A second start encodes nothing, and a
// changed picture, caption or model never meets a stale entry.  The encoders
// are released afterwards.

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "runtime/data/dataset.h"
#include "runtime/io/image.h"
#include "runtime/models/registry.h"

namespace lorarun::data {

struct EncodeProgress {
  std::string what;  // "latents", "captions"
  int64_t done = 0, total = 0;
};

// Read access to what was encoded.
class Cache {
 public:
  Cache(std::filesystem::path folder, std::string vae_fingerprint, std::string text_fingerprint);

  Tensor latent(const Item& item) const;  // [C, h, w]: the posterior's mean
  Tensor latent_std(
      const Item& item) const;  // [C, h, w], in the same scale: for latents = "sample"
  models::TextEmbedding text(const std::string& caption) const;  // B = 1

  std::string latent_key(const Item& item) const;
  std::string text_key(const std::string& caption) const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::string vae_, text_;
};

struct EncodeCounts {
  int64_t latents_encoded = 0, latents_found = 0, captions_encoded = 0, captions_found = 0;
};

// Encodes what is missing (the empty caption and `extra_captions` included), then releases VAE and
// text encoders.  Pictures are decoded by worker threads while the VAE works.
EncodeCounts encode_dataset(const Dataset& dataset, models::Model& model, const Cache& cache,
                            const std::vector<std::string>& extra_captions,
                            const std::function<void(const EncodeProgress&)>& progress);

// The picture at its bucket's size: decoded, resized (Lanczos, as Pillow), centre-cropped,
// mirrored.
Image prepared_image(const Item& item);

// The picture as the VAE sees it: [3, H, W] float32 in [-1, 1].
Tensor pixels_of(const Item& item);

}  // namespace lorarun::data
