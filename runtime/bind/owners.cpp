#include "runtime/bind/owners.h"

#include <algorithm>
#include <vector>

namespace lorarun::bind {
namespace {

using Bytes = std::map<std::string, int64_t>;

struct Watched {
  std::vector<std::weak_ptr<models::Model>> models;
  std::vector<std::weak_ptr<train::Trainer>> trainers;
  std::weak_ptr<models::Model> newest;
  at::Device device = at::kCPU;  // of the newest
};

Watched& watched() {
  static Watched all;
  return all;
}

template <typename Owner>
void add(std::vector<std::weak_ptr<Owner>>& list, const std::shared_ptr<Owner>& one) {
  std::erase_if(list, [](const std::weak_ptr<Owner>& old) { return old.expired(); });
  list.push_back(one);
}

template <typename Owner, typename Visit>
void for_each_alive(const std::vector<std::weak_ptr<Owner>>& list, const Visit& visit) {
  for (const std::weak_ptr<Owner>& one : list) {
    if (const std::shared_ptr<Owner> alive = one.lock()) { visit(*alive); }
  }
}

std::string owner_of(const models::Model& model, const std::string& component) {
  const std::vector<std::string> encoders = model.text_encoders();
  if (component == "vae") { return "VAE"; }
  return std::find(encoders.begin(), encoders.end(), component) == encoders.end() ? "weights"
                                                                                  : "text encoders";
}

template <typename Visit>
void for_each_tensor(const Visit& visit) {
  for_each_alive(watched().models, [&](models::Model& model) {
    for (const auto& [component, file] : model.weight_files()) {
      if (!model.is_loaded(component)) { continue; }
      for (const auto& [name, tensor] : model.weights(component)) {
        visit(owner_of(model, component), tensor);
      }
    }
  });
  for_each_alive(watched().trainers, [&](train::Trainer& trainer) {
    const bool is_whole = trainer.network().is_whole();  // then weights are its parameters
    for (const auto& [name, tensor] : trainer.state()) {
      const bool is_adapter = name.starts_with("adapter/");
      if (!is_adapter || !is_whole) { visit(is_adapter ? "adapters" : "state", tensor); }
    }
  });
}

}  // namespace

void watch(const std::shared_ptr<models::Model>& model, at::Device device) {
  add(watched().models, model);
  if (device.is_meta()) { return; }  // a rehearsal
  watched().newest = model;
  watched().device = device;
}
void watch(const std::shared_ptr<train::Trainer>& trainer) {
  add(watched().trainers, trainer);
}

std::map<std::string, int64_t> owned_bytes(at::Device device) {
  Bytes bytes;
  for_each_tensor([&](const std::string& owner, const Tensor& tensor) {
    if (tensor.device().type() == device.type()) {
      bytes[owner] += static_cast<int64_t>(tensor.nbytes());
    }
  });
  return bytes;
}

at::Device device_in_use() {
  return watched().newest.expired() ? at::Device(at::kCPU) : watched().device;
}

}  // namespace lorarun::bind
