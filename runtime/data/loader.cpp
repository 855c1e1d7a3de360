#include "runtime/data/loader.h"

#include <algorithm>
#include <array>

#include "kernels/keyed_random.h"
#include "runtime/base/error.h"
#include "runtime/data/encode.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::data {
namespace {

std::string bucket_name(const Item& item) {
  return std::to_string(item.bucket_w) + "x" + std::to_string(item.bucket_h);
}

// Item indices by bucket, in the data set's order.
std::map<std::string, std::vector<int64_t>> by_bucket(const Dataset& dataset) {
  std::map<std::string, std::vector<int64_t>> buckets;
  for (size_t i = 0; i < dataset.items.size(); ++i) {
    buckets[bucket_name(dataset.items[i])].push_back(static_cast<int64_t>(i));
  }
  return buckets;
}

// How many micro-batches an epoch has: the last one of a bucket may be short.
int64_t micro_batches_per_epoch(const Dataset& dataset, int64_t batch) {
  int64_t count = 0;
  for (const auto& [name, indices] : by_bucket(dataset)) {
    count += (static_cast<int64_t>(indices.size()) + batch - 1) / batch;
  }
  return count;
}

float caption_draw(uint64_t seed, int64_t step, uint32_t sample) {
  std::array<float, 1> value{};
  keyed_uniform(seed, "caption", static_cast<uint32_t>(step), sample, value);
  return value[0];
}

double weight_of(const std::vector<double>& weights, int64_t set) {
  return set < static_cast<int64_t>(weights.size()) ? weights[static_cast<size_t>(set)] : 1.0;
}

// Neighbours whose pictures share a bucket.
std::vector<std::vector<int64_t>> runs_of_one_size(const Dataset& dataset,
                                                   const std::vector<int64_t>& indices) {
  std::vector<std::vector<int64_t>> runs;
  std::string last;
  for (const int64_t index : indices) {
    if (index < 0 || index >= static_cast<int64_t>(dataset.items.size())) {
      throw Error("the data set has no item " + std::to_string(index + 1))
          .fix("items are 1 to " + std::to_string(dataset.items.size()));
    }
    const std::string bucket = bucket_name(dataset.items[static_cast<size_t>(index)]);
    if (runs.empty() || bucket != last) { runs.emplace_back(); }
    runs.back().push_back(index);
    last = bucket;
  }
  return runs;
}

std::map<std::string, Tensor> joined(const std::vector<models::TextEmbedding>& rows,
                                     std::map<std::string, Tensor> models::TextEmbedding::*member) {
  std::map<std::string, Tensor> result;
  for (const auto& [name, first] : rows.front().*member) {
    std::vector<Tensor> all;
    for (const models::TextEmbedding& row : rows) { all.push_back((row.*member).at(name)); }
    result[name] = at::cat(all, 0);
  }
  return result;
}

models::TextEmbedding joined(const std::vector<models::TextEmbedding>& rows) {
  return {.text = joined(rows, &models::TextEmbedding::text),
          .pooled = joined(rows, &models::TextEmbedding::pooled),
          .tokens = joined(rows, &models::TextEmbedding::tokens)};
}

}  // namespace

MicroBatch on_device(const MicroBatch& micro, at::Device device) {
  MicroBatch there = micro;
  there.latents = micro.latents.to(device);
  there.weight = micro.weight.to(device);
  for (auto& [encoder, rows] : there.text.text) { rows = rows.to(device); }
  for (auto& [encoder, pooled] : there.text.pooled) { pooled = pooled.to(device); }
  return there;
}

int64_t Batch::size() const {
  int64_t rows = 0;
  for (const MicroBatch& one : micro) { rows += static_cast<int64_t>(one.items.size()); }
  return rows;
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const Cache> cache,
               LoaderOptions options)
    : dataset_(std::move(dataset)), cache_(std::move(cache)), options_(options) {
  plan_epoch();
}

int64_t Loader::steps_per_epoch() const {
  const int64_t micro = micro_batches_per_epoch(*dataset_, options_.batch);
  return (micro + options_.accumulate - 1) / options_.accumulate;
}

void Loader::plan_epoch() {
  std::vector<std::vector<int64_t>> batches;
  for (const auto& [name, indices] : by_bucket(*dataset_)) {
    const auto order =
        keyed_permutation(options_.seed, "order/" + name, static_cast<uint32_t>(epoch_),
                          static_cast<int64_t>(indices.size()));
    for (size_t at = 0; at < order.size(); at += static_cast<size_t>(options_.batch)) {
      std::vector<int64_t> batch;
      for (size_t i = at; i < std::min(order.size(), at + static_cast<size_t>(options_.batch));
           ++i) {
        batch.push_back(indices[static_cast<size_t>(order[i])]);
      }
      batches.push_back(std::move(batch));
    }
  }
  plan_.clear();
  for (const int64_t at : keyed_permutation(options_.seed, "order", static_cast<uint32_t>(epoch_),
                                            static_cast<int64_t>(batches.size()))) {
    plan_.push_back(batches[static_cast<size_t>(at)]);
  }
}

Batch Loader::next(int64_t step, const StepOptions& options) {
  if (micro_ >= static_cast<int64_t>(plan_.size())) {
    ++epoch_;
    micro_ = 0;
    plan_epoch();
  }
  Batch batch{.step = step, .epoch = epoch_};
  uint32_t sample = 0;
  const int64_t accumulate = options.accumulate.value_or(options_.accumulate);
  // the last step of an epoch may be short: a step never mixes two epochs
  for (int64_t i = 0; i < accumulate && micro_ < static_cast<int64_t>(plan_.size()); ++i) {
    batch.micro.push_back(load(plan_[static_cast<size_t>(micro_++)], step, sample, options));
    sample += static_cast<uint32_t>(batch.micro.back().items.size());
  }
  return batch;
}

MicroBatch Loader::load(const std::vector<int64_t>& indices, int64_t step, uint32_t first_sample,
                        const StepOptions& options) const {
  MicroBatch micro{.first_sample = first_sample};
  std::vector<float> weights;
  for (const int64_t index : indices) {
    const Item& item = dataset_->items[static_cast<size_t>(index)];
    const uint32_t sample = first_sample + static_cast<uint32_t>(micro.items.size());
    const double chance = options.caption_dropout.value_or(item.caption_dropout);
    micro.captions.push_back(caption_draw(options_.seed, step, sample) < chance ? ""
                                                                                : item.caption);
    weights.push_back(static_cast<float>(item.weight * weight_of(options.weights, item.set)));
    micro.items.push_back(&item);
  }
  micro.weight = at::tensor(weights);
  add_content(micro, step);
  return micro;
}

// Latents and the rows of text that are not encoded live; or pixels.
void Loader::add_content(MicroBatch& micro, int64_t step) const {
  if (options_.pixels) {
    micro.latents = pixels_of(micro.items);
    return;
  }
  std::vector<Tensor> latents;
  std::vector<models::TextEmbedding> texts;
  for (size_t i = 0; i < micro.items.size(); ++i) {
    const uint32_t sample = micro.first_sample + static_cast<uint32_t>(i);
    latents.push_back(latent_of(*micro.items[i], step, sample));
    texts.push_back(cache_->text(micro.captions[i]));
  }
  micro.latents = at::stack(latents);
  micro.live = cache_->live();
  micro.text = joined(texts);
}

Tensor Loader::latent_of(const Item& item, int64_t step, uint32_t sample) const {
  const Tensor mean = cache_->latent(item);
  if (!item.sample_latents) { return mean; }
  return mean + cache_->latent_std(item) * keyed_normal(options_.seed, "latent",
                                                        static_cast<uint32_t>(step), sample,
                                                        mean.sizes());
}

Batch Loader::fixed(const std::vector<int64_t>& indices) const {
  Batch batch{.epoch = epoch_};
  uint32_t sample = 0;
  for (const std::vector<int64_t>& same_size : runs_of_one_size(*dataset_, indices)) {
    MicroBatch micro{.first_sample = sample};
    for (const int64_t index : same_size) {
      const Item& item = dataset_->items[static_cast<size_t>(index)];
      micro.captions.push_back(item.caption);
      micro.items.push_back(&item);
      ++sample;
    }
    micro.weight = at::ones({static_cast<int64_t>(same_size.size())}, at::kFloat);
    add_measured_content(micro);
    batch.micro.push_back(std::move(micro));
  }
  return batch;
}

// The latents' means and the text as the encoders give it now; or pixels.
void Loader::add_measured_content(MicroBatch& micro) const {
  if (options_.pixels) {
    micro.latents = pixels_of(micro.items);
    return;
  }
  std::vector<Tensor> latents;
  for (const Item* item : micro.items) { latents.push_back(cache_->latent(*item)); }
  micro.latents = at::stack(latents);
  micro.text = joined(cache_->current_texts(micro.captions));
}

Json Loader::cursor() const {
  return {{"epoch", epoch_}, {"micro", micro_}, {"micro_batches", plan_.size()}};
}

void Loader::seek(const Json& cursor) {
  const auto expected = static_cast<int64_t>(plan_.size());
  if (cursor.value("micro_batches", expected) != expected) {
    throw Error("the checkpoint stands in an epoch of " +
                std::to_string(cursor.value("micro_batches", expected)) +
                " batches, the data set now has " + std::to_string(expected))
        .fix("pictures were added or removed since: start a new run with --fresh");
  }
  epoch_ = cursor.at("epoch").get<int64_t>();
  micro_ = cursor.at("micro").get<int64_t>();
  plan_epoch();
}

}  // namespace lorarun::data
