#include "runtime/nn/linear.h"

#include "runtime/base/hash.h"
#include "runtime/nn/matmul.h"

namespace lorarun::nn {

Tensor Linear::forward(const Tensor& x) const {
  return adapter ? adapter->forward(*this, x) : forward_plain(x);
}

Tensor Linear::forward_plain(const Tensor& x) const {
  return fast_linear(x, weight, bias.defined() ? std::optional<Tensor>(bias) : std::nullopt);
}

Linear take_linear(Weights& weights, const std::string& name, int64_t in, int64_t out,
                   bool with_bias) {
  Linear layer;
  layer.name = name;
  layer.weight = weights.take(name + ".weight", {out, in});
  if (with_bias) { layer.bias = weights.take(name + ".bias", {out}); }
  return layer;
}

namespace {

std::string key_of(const std::map<std::string, AdapterSlot>& slots) {
  Sha256 hash;
  bool changes = false;
  for (const auto& [name, slot] : slots) {
    const std::string key = slot ? slot->change_key() : "";
    changes = changes || !key.empty();
    hash.add(name + "=" + key + ";");
  }
  return changes ? hash.hex() : "";
}

}  // namespace

void AdapterSlots::keep(const std::vector<Linear*>& layers) {
  slots_.clear();
  for (const Linear* layer : layers) { slots_[layer->name] = layer->adapter; }
}

void AdapterSlots::put_back(const std::vector<Linear*>& layers) const {
  for (Linear* layer : layers) {
    const auto at = slots_.find(layer->name);
    if (at != slots_.end()) { layer->adapter = at->second; }
  }
}

std::string AdapterSlots::change_key(const std::vector<Linear*>& layers) {
  AdapterSlots slots;
  slots.keep(layers);
  return slots.change_key();
}

std::string AdapterSlots::change_key() const {
  return key_of(slots_);
}

std::vector<Tensor> adapter_parameters(const std::vector<const Linear*>& layers) {
  std::vector<Tensor> all;
  for (const Linear* layer : layers) {
    if (!layer->adapter) { continue; }
    for (const Tensor& parameter : layer->adapter->parameters()) { all.push_back(parameter); }
  }
  return all;
}

}  // namespace lorarun::nn
