#include "runtime/nn/weights.h"

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/hash.h"
#include "runtime/base/nearest.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::nn {
namespace {

constexpr const char* kStems[] = {"diffusion_pytorch_model", "model"};

bool has_weights(const std::filesystem::path& folder, const std::string& stem) {
  return std::filesystem::exists(folder / (stem + ".safetensors")) ||
         std::filesystem::exists(folder / (stem + ".safetensors.index.json"));
}

}  // namespace

Tensor random_weight(uint64_t seed, const std::string& place, const std::string& name,
                     at::IntArrayRef shape, at::Device device) {
  if (shape.size() < 2) { return at::full(shape, name.ends_with("bias") ? 0.0 : 1.0, device); }
  int64_t fan_in = 1;
  for (size_t i = 1; i < shape.size(); ++i) { fan_in *= shape[i]; }
  return keyed_normal(seed, place + "/" + name, 0, 0, shape, device)
      .mul_(1.0 / std::sqrt(static_cast<double>(fan_in)));
}

Weights Weights::open(const std::filesystem::path& folder, Placement placement) {
  Weights weights;
  weights.folder_ = folder;
  weights.placement_ = placement;
  if (placement.device.is_meta()) { return weights; }
  const std::filesystem::path random = folder / "random.json";
  std::string stem = kStems[0];
  for (const char* candidate : kStems) {
    if (has_weights(folder, candidate)) { stem = candidate; }
  }
  if (!has_weights(folder, stem) && std::filesystem::exists(random)) {
    weights.random_seed_ = read_json(random).value("seed", uint64_t{0});
  } else {
    weights.file_ = ShardedSafetensors::open(folder, stem);
  }
  return weights;
}

bool Weights::has(const std::string& name) const {
  return !file_ || file_->find(name) != nullptr;
}

Tensor Weights::take(const std::string& name, at::IntArrayRef shape) {
  const Tensor tensor = read(name, shape);
  taken_[name] = tensor;
  return tensor;
}

void Weights::ignore(const std::string& name) {
  ignored_.insert(name);
}

Tensor Weights::read(const std::string& name, at::IntArrayRef shape) const {
  if (placement_.device.is_meta()) {
    return at::empty(shape, at::TensorOptions(placement_.dtype).device(at::kMeta));
  }
  if (!file_) {
    return random_weight(random_seed_, "weights/" + folder_.filename().string(), name, shape,
                         placement_.device)
        .to(placement_.dtype);
  }
  const TensorView* view = file_->find(name);
  if (view == nullptr) {
    std::vector<std::string> names;
    for (const TensorView& one : file_->tensors()) { names.push_back(one.name); }
    Error error("the weights have no tensor '" + name + "' " + shape_text(shape));
    error.where(folder_.string());
    error.fix("put the weights here that belong to config.json");
    if (const auto close = nearest(name, names)) {
      error.fix("the nearest is '" + *close +
                "': is this file of the model that config.json describes?");
    }
    throw error;
  }
  if (at::IntArrayRef(view->shape) != shape) {
    throw Error("tensor '" + name + "' has shape " + shape_text(view->shape) +
                ", config.json asks for " + shape_text(shape))
        .where(folder_.string())
        .fix("config.json and the weights are of different models: fetch both again");
  }
  return tensor_of(*view, file_).to(placement_.device, placement_.dtype);
}

Tensor Weights::take_if_there(const std::string& name, at::IntArrayRef shape) {
  return file_ && !has(name) ? Tensor() : take(name, shape);
}

void Weights::expect_all_taken() const {
  if (!file_) { return; }
  std::vector<std::string> left;
  for (const TensorView& view : file_->tensors()) {
    if (!taken_.contains(view.name) && !ignored_.contains(view.name)) { left.push_back(view.name); }
  }
  if (left.empty()) { return; }
  const size_t total = left.size();
  left.resize(std::min<size_t>(total, 4));
  throw Error(std::to_string(total) +
              " tensors of the file belong to no layer of this model: " + join(left, ", "))
      .where(folder_.string())
      .fix("config.json and the weights are of different models, or this variant is not supported");
}

// Names, shapes and types of all tensors and a sample of the bytes of each: enough to tell two
// models apart without reading 24 GB.
std::string Weights::fingerprint() const {
  Sha256 sum;
  const std::filesystem::path config = folder_ / "config.json";
  if (std::filesystem::exists(config)) { sum.add(read_text(config)); }
  if (!file_) { return sum.add("random " + std::to_string(random_seed_)).hex(); }
  constexpr size_t kSampleBytes = 4096;
  for (const TensorView& view : file_->tensors()) {
    sum.add(view.name).add(view.dtype).add(shape_text(view.shape));
    sum.add(view.data, std::min(view.bytes, kSampleBytes));
    if (view.bytes > kSampleBytes) {
      sum.add(view.data + view.bytes / 2, std::min(view.bytes / 2, kSampleBytes));
    }
  }
  return sum.hex();
}

Json read_config(const std::filesystem::path& folder, const std::string& expected_class) {
  const std::filesystem::path path = folder / "config.json";
  if (!std::filesystem::exists(path)) {
    throw Error("the model folder has no " + folder.filename().string() + "/config.json")
        .where(folder.string())
        .fix("give the root of a diffusers folder: the one with model_index.json");
  }
  Json config = read_json(path);
  std::string found = config.value("_class_name", "");
  if (found.empty() && config.contains("architectures") && !config["architectures"].empty()) {
    found = config["architectures"][0].get<std::string>();
  }
  if (!found.empty() && found != expected_class) {
    throw Error("this is the config of a " + found + ", expected is a " + expected_class)
        .where(path.string())
        .fix("give the folder of a model that has a " + expected_class + " here");
  }
  return config;
}

}  // namespace lorarun::nn
