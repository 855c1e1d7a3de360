#include "runtime/data/encode.h"

#include <algorithm>
#include <future>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/worker_pool.h"
#include "runtime/io/blob_cache.h"
#include "runtime/io/resample.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::data {
namespace {

constexpr const char* kVersion = "1";  // of the preparation: a change makes all entries anew

// Decoded pictures of one turn: workers fill the next turn while the VAE encodes this one.  Two
// turns are in memory, so a turn is bounded by bytes; one picture is a turn, however large.
constexpr int64_t kTurnBytes = 64 << 20;

struct Turn {
  std::vector<const Item*> items;
  std::vector<Tensor> pixels;
};

std::vector<Tensor> read_pictures(const std::vector<const Item*>& items) {
  std::vector<Tensor> pixels(items.size());
  parallel_for(static_cast<int64_t>(items.size()), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    pixels[at] = pixels_of(*items[at]);
  });
  return pixels;
}

Turn load_turn(std::vector<const Item*> items) {
  Turn turn{.items = std::move(items)};
  turn.pixels = read_pictures(turn.items);
  return turn;
}

// The posterior's mean and, where samples are drawn from it, its standard deviation.
NamedTensors encode_picture(models::Model& model, const Item& item, const Tensor& pixels) {
  const at::NoGradGuard none;
  const Tensor batch = pixels.unsqueeze(0);
  const Tensor mean = model.encode_image(batch);
  NamedTensors entry{{"mean", mean[0].to(at::kFloat)}};
  if (item.sample_latents) {
    entry["std"] = (model.encode_image(batch, at::ones_like(mean)) - mean)[0].to(at::kFloat);
  }
  return entry;
}

// One encoder's part of a caption's embedding, without the batch dimension.
NamedTensors encode_caption(models::Model& model, const std::string& encoder,
                            const std::string& caption) {
  const at::NoGradGuard none;
  const models::TextEmbedding text = model.encode_text({caption}, {encoder});
  NamedTensors entry;
  for (const auto& [name, tensor] : text.text) { entry["text." + name] = tensor[0]; }
  for (const auto& [name, tensor] : text.pooled) { entry["pooled." + name] = tensor[0]; }
  for (const auto& [name, tensor] : text.tokens) { entry["tokens." + name] = tensor[0]; }
  return entry;
}

void add_entry(const NamedTensors& entry, models::TextEmbedding& text) {
  for (const auto& [name, tensor] : entry) {
    const Tensor row = tensor.unsqueeze(0);
    if (name.starts_with("text.")) { text.text[name.substr(5)] = row; }
    if (name.starts_with("pooled.")) { text.pooled[name.substr(7)] = row; }
    if (name.starts_with("tokens.")) { text.tokens[name.substr(7)] = row; }
  }
}

BlobCache blobs_in(const std::filesystem::path& folder) {
  return BlobCache(folder);
}

int64_t decoded_bytes(const Item& item) {
  return 3 * item.bucket_w * item.bucket_h * static_cast<int64_t>(sizeof(float));
}

std::vector<const Item*> next_items(const std::vector<const Item*>& all, size_t at) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
  return {begin, begin + static_cast<std::ptrdiff_t>(pictures_of_turn(all, at))};
}

void encode_pictures(const Dataset& dataset, models::Model& model, const Cache& cache,
                     EncodeCounts& counts, const OnEntry& on_entry) {
  const BlobCache blobs = blobs_in(cache.folder());
  std::vector<const Item*> missing;
  std::set<std::string> seen;
  for (const Item& item : dataset.items) {
    const std::string key = cache.latent_key(item);
    if (!seen.insert(key).second) { continue; }
    if (blobs.has(key)) {
      ++counts.latents_found;
    } else {
      missing.push_back(&item);
    }
  }
  auto next = std::async(std::launch::async, [&] { return load_turn(next_items(missing, 0)); });
  for (size_t at = 0; at < missing.size() && !counts.stopped;) {
    const Turn turn = next.get();
    at += turn.items.size();
    next = std::async(std::launch::async, [&, at] { return load_turn(next_items(missing, at)); });
    for (size_t i = 0; i < turn.items.size() && !counts.stopped; ++i) {
      const NamedTensors entry = encode_picture(model, *turn.items[i], turn.pixels[i]);
      blobs.put(cache.latent_key(*turn.items[i]),
                [&](const fs::path& path) { save_tensors(path, entry); });
      ++counts.latents_encoded;
      counts.stopped = on_entry && !on_entry({"latents", counts.latents_encoded,
                                              static_cast<int64_t>(missing.size())});
    }
  }
  next.get();
  model.release("vae");
}

// All captions that training and pictures may show, each once; the empty one is what caption
// dropout shows.
std::set<std::string> captions_of(const Dataset& dataset, const std::vector<std::string>& extra) {
  std::set<std::string> captions(extra.begin(), extra.end());
  captions.insert("");
  for (const Item& item : dataset.items) { captions.insert(item.caption); }
  return captions;
}

std::vector<std::string> missing_captions(const std::set<std::string>& captions, const Cache& cache,
                                          const std::string& encoder) {
  const BlobCache blobs = blobs_in(cache.folder());
  std::vector<std::string> missing;
  for (const std::string& caption : captions) {
    if (!blobs.has(cache.text_key(encoder, caption))) { missing.push_back(caption); }
  }
  return missing;
}

void put_caption(const Cache& cache, const std::string& encoder, const std::string& caption) {
  const NamedTensors entry = encode_caption(cache.model(), encoder, caption);
  blobs_in(cache.folder()).put(cache.text_key(encoder, caption), [&](const fs::path& path) {
    save_tensors(path, entry);
  });
}

NamedTensors read_entry(const std::filesystem::path& folder, const std::string& key,
                        const std::string& what) {
  const BlobCache blobs = blobs_in(folder);
  if (!blobs.has(key)) {
    throw Error("the cache has no entry for " + what)
        .where(folder.string())
        .fix("start again: what is missing is encoded anew")
        .while_working();
  }
  return load_tensors(blobs.path_of(key));
}

}  // namespace

Cache::Cache(std::filesystem::path folder, std::shared_ptr<models::Model> model)
    : folder_(std::move(folder)), model_(std::move(model)), vae_(model_->fingerprint("vae")) {
  for (const std::string& encoder : model_->text_encoders()) {
    encoders_[encoder] = model_->fingerprint(encoder);
    set_cached(encoder);
  }
}

std::string Cache::latent_key(const Item& item) const {
  const std::string place = std::to_string(item.scaled_w) + "x" + std::to_string(item.scaled_h) +
                            "/" + std::to_string(item.bucket_w) + "x" +
                            std::to_string(item.bucket_h) + (item.flipped ? "/flipped" : "") +
                            (item.sample_latents ? "/std" : "") + "/" +
                            Json(item.background).dump();
  return BlobCache::key_of({"latent", kVersion, item.content, place, vae_});
}

std::string Cache::key_under(const std::string& encoder, const std::string& caption,
                             const std::string& change) const {
  return BlobCache::key_of({"text", kVersion, caption, encoder, encoders_.at(encoder), change});
}

std::string Cache::text_key(const std::string& encoder, const std::string& caption) const {
  expect_encoder(encoder);
  return key_under(encoder, caption, changes_.at(encoder));
}

Tensor Cache::latent(const Item& item) const {
  return read_entry(folder_, latent_key(item), item.path.string()).at("mean");
}

Tensor Cache::latent_std(const Item& item) const {
  return read_entry(folder_, latent_key(item), item.path.string()).at("std");
}

models::TextEmbedding Cache::text(const std::string& caption) const {
  models::TextEmbedding text;
  for (const auto& [encoder, change] : changes_) {
    if (is_live(encoder)) { continue; }
    add_entry(read_entry(folder_, key_under(encoder, caption, change), "'" + caption + "'"), text);
  }
  return text;
}

models::TextEmbedding Cache::current_text(const std::string& caption) const {
  return current_texts({caption}).front();
}

std::vector<models::TextEmbedding> Cache::current_texts(
    const std::vector<std::string>& captions) const {
  std::vector<models::TextEmbedding> texts(captions.size());
  const BlobCache blobs = blobs_in(folder_);
  for (const std::string& encoder : model_->text_encoders()) {
    const bool stays = model_->is_loaded(encoder);
    const std::string change = model_->change_key(encoder);
    for (size_t i = 0; i < captions.size(); ++i) {
      const std::string key = key_under(encoder, captions[i], change);
      add_entry(blobs.has(key) ? load_tensors(blobs.path_of(key))
                               : encode_caption(*model_, encoder, captions[i]),
                texts[i]);
    }
    if (!stays) { model_->release(encoder); }
  }
  return texts;
}

bool Cache::is_live(const std::string& encoder) const {
  return std::find(live_.begin(), live_.end(), encoder) != live_.end();
}

void Cache::set_live(const std::string& encoder) {
  expect_encoder(encoder);
  if (!is_live(encoder)) { live_.push_back(encoder); }
}

void Cache::set_cached(const std::string& encoder) {
  expect_encoder(encoder);
  std::erase(live_, encoder);
  changes_[encoder] = model_->change_key(encoder);
}

void Cache::expect_encoder(const std::string& name) const {
  const std::vector<std::string> known = model_->text_encoders();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw Error("the model has no text encoder named '" + name + "'")
        .fix(name, known, "text encoders");
  }
}

int64_t encode_captions(const Dataset& dataset, const Cache& cache, const std::string& encoder,
                        const std::vector<std::string>& extra_captions, const OnEntry& on_entry) {
  LR_CHECK(!cache.is_live(encoder), "a cached text encoder");
  const auto missing = missing_captions(captions_of(dataset, extra_captions), cache, encoder);
  EncodeProgress now{"captions for " + encoder, 0, static_cast<int64_t>(missing.size())};
  for (const std::string& caption : missing) {
    put_caption(cache, encoder, caption);
    ++now.done;
    if (on_entry && !on_entry(now)) { break; }
  }
  cache.model().release(encoder);
  return now.done;
}

EncodeCounts encode_dataset(const Dataset& dataset, models::Model& model, const Cache& cache,
                            const std::vector<std::string>& extra_captions,
                            const OnEntry& on_entry) {
  EncodeCounts counts;
  encode_pictures(dataset, model, cache, counts, on_entry);
  const std::set<std::string> captions = captions_of(dataset, extra_captions);
  std::set<std::string> missing;
  for (const std::string& encoder : model.text_encoders()) {
    if (counts.stopped || cache.is_live(encoder)) { continue; }
    const auto of_this = missing_captions(captions, cache, encoder);
    missing.insert(of_this.begin(), of_this.end());
    const int64_t encoded = encode_captions(dataset, cache, encoder, extra_captions, on_entry);
    counts.stopped = encoded < static_cast<int64_t>(of_this.size());
  }
  counts.captions_encoded = static_cast<int64_t>(missing.size());
  counts.captions_found = static_cast<int64_t>(captions.size() - missing.size());
  return counts;
}

size_t pictures_of_turn(const std::vector<const Item*>& items, size_t at) {
  int64_t bytes = 0;
  size_t count = 0;
  for (; at + count < items.size(); ++count) {
    bytes += decoded_bytes(*items[at + count]);
    if (count > 0 && bytes > kTurnBytes) { break; }
  }
  return count;
}

int64_t decoding_bytes() {
  return 2 * kTurnBytes;
}

Image prepared_image(const Item& item) {
  const auto& [red, green, blue] = item.background;
  Image image = load_image(item.path, Colour{red, green, blue});
  const auto scaled_w = static_cast<int>(item.scaled_w), scaled_h = static_cast<int>(item.scaled_h);
  if (image.width != scaled_w || image.height != scaled_h) {
    image = resample(image, scaled_w, scaled_h, Filter::lanczos);
  }
  const auto w = static_cast<int>(item.bucket_w), h = static_cast<int>(item.bucket_h);
  if (image.width != w || image.height != h) {
    image = crop(image, (scaled_w - w) / 2, (scaled_h - h) / 2, w, h);
  }
  return item.flipped ? flip_horizontal(image) : image;
}

Tensor pixels_of(const Item& item) {
  const Image image = prepared_image(item);
  const Tensor bytes = at::from_blob(const_cast<uint8_t*>(image.rgb.data()),
                                     {image.height, image.width, 3}, at::TensorOptions(at::kByte));
  return bytes.permute({2, 0, 1}).to(at::kFloat).div_(127.5).sub_(1.0).contiguous();
}

Tensor pixels_of(const std::vector<const Item*>& items) {
  return at::stack(read_pictures(items));
}

}  // namespace lorarun::data
