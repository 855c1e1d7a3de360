// Latents and text embeddings of a dataset, computed once and kept on disk.
//
//   picture --load, resize, crop--> pixels --VAE--> latent [C, h, w]
//   caption --text encoders--> embedding [S, D], pooled [P], tokens [S]
//
// Keys are hashes of content: picture bytes + bucket + flip + VAE fingerprint;
// caption text + encoder's fingerprint + what its adapters change.  A second start
// encodes nothing, and a changed picture, caption, model or adapter never meets a
// stale entry.  The encoders are released afterwards.
//
// A text encoder is *cached* (training reads its entries) or *live* (it trains, so
// each step runs it on the captions).  One that is frozen after it trained is
// cached again, under its changed weights.

#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/data/dataset.h"
#include "runtime/io/image.h"
#include "runtime/models/registry.h"

namespace lorarun::data {

struct EncodeProgress {
  std::string what;  // "latents", "captions for t5"
  int64_t done = 0, total = 0;
};

// Called after each entry; false stops there. What was encoded stays in the cache.
using OnEntry = std::function<bool(const EncodeProgress&)>;

// Read access to what was encoded.
class Cache {
 public:
  Cache(std::filesystem::path folder, std::shared_ptr<models::Model> model);

  Tensor latent(const Item& item) const;  // [C, h, w]: the posterior's mean
  Tensor latent_std(
      const Item& item) const;  // [C, h, w], in the same scale: for latents = "sample"

  // What training reads, B = 1: of every encoder that is not live.
  models::TextEmbedding text(const std::string& caption) const;

  // What the model gives for the caption as it is now, with every encoder, B = 1: for pictures.
  // Read where an entry fits, else encoded, by an encoder that is loaded once for all captions.
  models::TextEmbedding current_text(const std::string& caption) const;
  std::vector<models::TextEmbedding> current_texts(const std::vector<std::string>& captions) const;

  const std::vector<std::string>& live() const { return live_; }
  void set_live(const std::string& encoder);

  // The encoder's weights stay as they are from here on: text() reads what they give.  The entries
  // may have to be made (encode_captions).
  void set_cached(const std::string& encoder);

  std::string latent_key(const Item& item) const;
  std::string text_key(const std::string& encoder, const std::string& caption) const;
  bool is_live(const std::string& encoder) const;
  models::Model& model() const { return *model_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void expect_encoder(const std::string& name) const;
  std::string key_under(const std::string& encoder, const std::string& caption,
                        const std::string& change) const;

  std::filesystem::path folder_;
  std::shared_ptr<models::Model> model_;
  std::string vae_;                              // fingerprint
  std::vector<std::string> live_;                // encoders, in the model's order
  std::map<std::string, std::string> encoders_;  // fingerprints
  std::map<std::string, std::string> changes_;   // change_key of each cached encoder
};

struct EncodeCounts {
  int64_t latents_encoded = 0, latents_found = 0, captions_encoded = 0, captions_found = 0;
  bool stopped = false;  // by on_entry; then captions are not counted
};

// Encodes what is missing (the empty caption and `extra_captions` included), then releases VAE and
// text encoders; those that are live stay and need no entries.  Pictures are decoded by worker
// threads while the VAE works, no more than decoding_bytes() of them.
EncodeCounts encode_dataset(const Dataset& dataset, models::Model& model, const Cache& cache,
                            const std::vector<std::string>& extra_captions,
                            const OnEntry& on_entry);

// Encodes what one text encoder lacks: the data set's captions, the empty one and `extra_captions`,
// with its weights as they are; then releases it.  Gives the number of captions encoded.
// Requires: the encoder is cached, not live.
int64_t encode_captions(const Dataset& dataset, const Cache& cache, const std::string& encoder,
                        const std::vector<std::string>& extra_captions, const OnEntry& on_entry);

// How many items from `at` on are decoded together: as many as 64 MiB hold, and at least one.
size_t pictures_of_turn(const std::vector<const Item*>& items, size_t at);

// What encode_dataset holds of decoded pictures in the host's memory, at most; pictures above 64
// MiB each come one by one.
int64_t decoding_bytes();

// The picture at its bucket's size: decoded, resized (Lanczos, as Pillow), centre-cropped,
// mirrored.
Image prepared_image(const Item& item);

// The picture as the VAE sees it: [3, H, W] float32 in [-1, 1].
Tensor pixels_of(const Item& item);

// Pictures of one size: [B, 3, H, W], read by several threads.
Tensor pixels_of(const std::vector<const Item*>& items);

}  // namespace lorarun::data
