// A whole small training run on tests/golden/micro_flux, for tests of trainer and checkpoints.

#pragma once

#include <filesystem>
#include <memory>

#include "runtime/base/files.h"
#include "runtime/data/encode.h"
#include "runtime/data/loader.h"
#include "runtime/io/image.h"
#include "runtime/tensor/tensor.h"
#include "runtime/train/checkpoint.h"
#include "runtime/train/trainer.h"

namespace lorarun::train {

struct MicroOptions {
  int64_t batch = 2, accumulate = 2;
  double dropout = 0.1;
  std::vector<std::string> targets = {"attn.to_q", "ff.net.2"};
  std::vector<std::string> encoders = {};  // text encoders that the network is on
};

// Six drawn pictures, encoded once per process.
class MicroRun {
 public:
  static std::filesystem::path folder() {
    return std::filesystem::temp_directory_path() /
           ("lorarun_micro_run_" + std::to_string(::getpid()));
  }

  explicit MicroRun(MicroOptions options = {}) {
    model_ = models::open_model(
        std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden/micro_flux", "", {});
    dataset_ = std::make_shared<data::Dataset>(
        data::open_dataset({pictures()}, model_->size_multiple_px()));
    cache_ = std::make_shared<data::Cache>(folder() / "cache", model_);
    counts = data::encode_dataset(*dataset_, *model_, *cache_, {}, nullptr);
    loader = std::make_unique<data::Loader>(
        dataset_, cache_,
        data::LoaderOptions{.batch = options.batch, .accumulate = options.accumulate, .seed = 7});
    std::vector<nn::AdaptableLayer> layers = model_->layers("transformer");
    for (const std::string& encoder : options.encoders) {
      for (const nn::AdaptableLayer& layer : model_->layers(encoder)) { layers.push_back(layer); }
    }
    const Json settings{{"rank", 4}, {"alpha", 4}, {"dropout", options.dropout}};
    auto network = std::make_shared<networks::Network>(
        networks::NetworkOptions{.kind = "lora", .targets = options.targets, .options = settings},
        layers, 7, at::kCPU);
    trainer = std::make_unique<Trainer>(model_, network, TrainerOptions{.seed = 7});
  }

  static Knobs knobs() {
    Knobs knobs;
    knobs.lr = 1e-2;
    knobs.ema = 0.9;
    return knobs;
  }

  Stats step(int64_t number) { return trainer->step(loader->next(number), knobs()); }

  const data::Dataset& dataset() const { return *dataset_; }
  data::Cache& cache() { return *cache_; }
  models::Model& model() { return *model_; }

  data::EncodeCounts counts;
  std::unique_ptr<data::Loader> loader;
  std::unique_ptr<Trainer> trainer;

 private:
  static data::ImageSet pictures() {
    const std::filesystem::path place = folder() / "pictures";
    for (int i = 0; i < 6; ++i) {
      Image image =
          make_image(i % 2 == 0 ? 64 : 96, 64, Colour{static_cast<uint8_t>(40 * i), 90, 200});
      for (int x = 0; x < image.width; ++x) { image.at(x, (x * 7 + i * 5) % 64)[1] = 255; }
      save_png(place / ("p" + std::to_string(i) + ".png"), image);
      write_atomically(place / ("p" + std::to_string(i) + ".txt"),
                       "a picture of number " + std::to_string(i));
    }
    return {.folder = place,
            .trigger = "zwx_",
            .caption_dropout = 0.3,
            .resolutions_px = {64},
            .step_px = 32};
  }

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<data::Dataset> dataset_;
  std::shared_ptr<data::Cache> cache_;
};

}  // namespace lorarun::train
