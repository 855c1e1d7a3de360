// The weights of one component (transformer, vae, text_encoder, …) of a
// diffusers folder, taken by name and handed out once.
//
//   Weights weights = Weights::open(folder, at::kBFloat16, at::kCPU);
//   Tensor w = weights.take("proj_out.weight", {64, 3072});
//   weights.expect_all_taken();      // a leftover is a foreign or newer model
//
// The file is memory-mapped: a tensor whose type and device already fit is a
// view of the mapping and costs no second copy.
//
// A folder with a config.json but without weights is a *random base* when it
// holds random.json {"seed": 0}: every tensor is then a pure function of (seed,
// component, name), so a repository can carry a base of any size in a few lines.
//
// On the meta device weights are shapes: no file is read, so config.json is enough to count what
// a model takes (tensor/imagined.h).

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "runtime/base/json.h"
#include "runtime/io/safetensors.h"
#include "runtime/tensor/torch.h"

namespace lorarun::nn {

struct Placement {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
};

class Weights {
 public:
  // Finds diffusion_pytorch_model or model (.safetensors or sharded) in `folder`.
  static Weights open(const std::filesystem::path& folder, Placement placement);

  // Gives a tensor of exactly this shape, in the placement's dtype and device.
  // Throws Error naming file, tensor, both shapes and the nearest name.
  Tensor take(const std::string& name, at::IntArrayRef shape);

  // As take, or an undefined tensor when the file has none of this name.
  Tensor take_if_there(const std::string& name, at::IntArrayRef shape);

  bool has(const std::string& name) const;

  // Says that a tensor of this name, if there is one, is of no use here.
  void ignore(const std::string& name);

  // Everything taken so far, by name: the same tensors that were handed out.
  const std::map<std::string, Tensor>& taken() const { return taken_; }

  // Throws Error with the first names that nobody asked for.
  void expect_all_taken() const;

  // Content hash of the component (file sizes, times excluded): part of cache keys.
  std::string fingerprint() const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  Tensor read(const std::string& name, at::IntArrayRef shape) const;

  std::filesystem::path folder_;
  Placement placement_;
  std::shared_ptr<const ShardedSafetensors> file_;  // null for a random base
  uint64_t random_seed_ = 0;
  std::map<std::string, Tensor> taken_;
  std::set<std::string> ignored_;
};

// What a weight is before it learned anything, keyed by (seed, "<place>/<name>"): matrices and
// kernels normal with variance 1/fan_in, norm weights 1, biases 0.  float32, made on `device`.
Tensor random_weight(uint64_t seed, const std::string& place, const std::string& name,
                     at::IntArrayRef shape, at::Device device = at::kCPU);

// Reads config.json of a component.  Throws Error when `_class_name` (or
// `architectures`) is another than `expected`, naming both.
Json read_config(const std::filesystem::path& folder, const std::string& expected_class);

}  // namespace lorarun::nn
