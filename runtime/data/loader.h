// Batches in keyed order.
//
//   epoch e: each bucket's items are permuted by stream "order/<w>x<h>", cut
//   into micro-batches, and the list of micro-batches is permuted by "order".
//   A step takes `accumulate` micro-batches: together they are the step's
//   effective batch, and `sample` counts through it.
//
// The whole position is (epoch, micro-batch index): cursor() and seek() make it
// part of a checkpoint.  It counts micro-batches, so a step may take more or fewer of them than
// the step before.  Caption dropout is drawn here (stream "caption").

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/data/dataset.h"
#include "runtime/models/registry.h"

namespace lorarun::data {

// What one micro-batch holds.  B rows of one size.
struct MicroBatch {
  Tensor latents;                     // [B, C, h, w] float32, after shift and scale; or pixels
                                      // [B, 3, H, W] in [-1, 1] (LoaderOptions::pixels)
  models::TextEmbedding text;         // rows of the cache, from every encoder that is not live
  std::vector<std::string> live;      // encoders that the step runs on the captions itself
  std::vector<std::string> captions;  // after dropout
  std::vector<const Item*> items;
  Tensor weight;              // [B] float32
  uint32_t first_sample = 0;  // index of row 0 in the step's effective batch
};

// The micro-batch with what the step computes with on the device; token ids stay.
MicroBatch on_device(const MicroBatch& micro, at::Device device);

struct Batch {
  std::vector<MicroBatch> micro;
  int64_t step = 0, epoch = 0;
  int64_t size() const;  // rows in all
};

struct LoaderOptions {
  int64_t batch = 1, accumulate = 1;
  uint64_t seed = 0;
  bool pixels = false;  // batches hold the pictures themselves and no text: to train a VAE
};

// What one step changes of the loader's settings.
struct StepOptions {
  std::optional<double> caption_dropout;  // in place of each item's own
  std::optional<int64_t> accumulate;
  std::vector<double> weights;  // factor on the weight of each data set's items; absent ones: 1
};

class Cache;  // data/encode.h

class Loader {
 public:
  Loader(std::shared_ptr<const Dataset> dataset, std::shared_ptr<const Cache> cache,
         LoaderOptions options);

  // Gives the batch of optimizer step `step` (from 1).  Steps are asked for in order.
  Batch next(int64_t step, const StepOptions& options = {});

  // Gives a batch of these items of the data set (from 0) in this order, for measuring: captions
  // without dropout, the latents' means, neighbours of one size in one micro-batch, and embeddings
  // as the text encoders give them now: make it anew when they changed.  It leaves the position as
  // it is.  Throws Error for an index outside the data set.
  Batch fixed(const std::vector<int64_t>& indices) const;

  int64_t steps_per_epoch() const;
  Json cursor() const;            // {"epoch": 3, "micro": 5}
  void seek(const Json& cursor);  // throws Error when it does not fit the dataset

 private:
  void plan_epoch();
  MicroBatch load(const std::vector<int64_t>& indices, int64_t step, uint32_t first_sample,
                  const StepOptions& options) const;
  void add_content(MicroBatch& micro, int64_t step) const;
  void add_measured_content(MicroBatch& micro) const;
  Tensor latent_of(const Item& item, int64_t step, uint32_t sample) const;

  std::shared_ptr<const Dataset> dataset_;
  std::shared_ptr<const Cache> cache_;
  LoaderOptions options_;
  int64_t epoch_ = 0, micro_ = 0;
  std::vector<std::vector<int64_t>> plan_;  // this epoch's micro-batches: item indices
};

}  // namespace lorarun::data
