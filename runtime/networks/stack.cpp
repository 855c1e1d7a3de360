#include "runtime/networks/stack.h"

#include <map>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::networks {
namespace {

constexpr size_t kNamed = 3;  // targets that an error names

using LayersByName = std::map<std::string, nn::Linear*>;

std::string full_name(const std::string& component, const std::string& target) {
  return component + "/" + target;
}

LayersByName by_name(const std::vector<nn::AdaptableLayer>& layers) {
  LayersByName named;
  for (const nn::AdaptableLayer& one : layers) {
    named[full_name(one.component, one.layer->name)] = one.layer;
  }
  return named;
}

std::string with_nearest(const std::string& name, const std::vector<std::string>& known) {
  const auto close = nearest(name, known);
  return close ? name + " (nearest: " + *close + ")" : name;
}

void expect_targets(const LoraFile& file, const LayersByName& layers) {
  std::vector<std::string> known, missing;
  for (const auto& [name, layer] : layers) { known.push_back(name); }
  size_t n_missing = 0;
  for (const LoraEntry& entry : file.entries) {
    const std::string name = full_name(entry.component, entry.target);
    if (layers.contains(name)) { continue; }
    if (++n_missing <= kNamed) { missing.push_back(with_nearest(name, known)); }
  }
  if (n_missing == 0) { return; }
  throw Error("the model lacks " + std::to_string(n_missing) + " of the LoRA's " +
              std::to_string(file.entries.size()) + " targets: " + join(missing, ", ") +
              (n_missing > kNamed ? ", …" : ""))
      .where("the LoRA file")
      .fix("this LoRA was trained on another model: give the base that it was made for");
}

void expect_shapes(const LoraEntry& entry, const nn::Linear& layer) {
  const bool fits = entry.down.size(1) == layer.in() && entry.up.size(0) == layer.out();
  if (fits) { return; }
  throw Error("the LoRA changes " + entry.target + " as [" + std::to_string(entry.up.size(0)) +
              ", " + std::to_string(entry.down.size(1)) + "], the model's layer is [" +
              std::to_string(layer.out()) + ", " + std::to_string(layer.in()) + "]")
      .where("the LoRA file")
      .fix("this LoRA was trained on a model of another size: give the base that it was made for");
}

// The entry in the type and on the device of the layer's weight.
LoraEntry placed_like(LoraEntry entry, const Tensor& weight) {
  entry.down = entry.down.to(weight.device(), weight.scalar_type());
  entry.up = entry.up.to(weight.device(), weight.scalar_type());
  return entry;
}

}  // namespace

void Stack::add(const LoraEntry& entry, double strength) {
  changes_.push_back({.down = entry.down,
                      .up = entry.up,
                      .scale = strength * entry.alpha / static_cast<double>(entry.rank())});
}

Tensor Stack::forward(const nn::Linear& base, const Tensor& x) const {
  Tensor y = base.forward_plain(x);
  for (const Change& change : changes_) {
    const Tensor inner = at::linear(x, change.down.to(x.scalar_type()));
    y = y + change.scale * at::linear(inner, change.up.to(x.scalar_type()));
  }
  return y;
}

void put_lora_files(const std::vector<nn::AdaptableLayer>& layers,
                    const std::vector<LoraFile>& files, const std::vector<double>& strengths) {
  LR_CHECK(files.size() == strengths.size(), "each LoRA file needs a strength");
  const LayersByName named = by_name(layers);
  std::map<nn::Linear*, std::shared_ptr<Stack>> stacks;
  for (size_t i = 0; i < files.size(); ++i) {
    expect_targets(files[i], named);
    for (const LoraEntry& entry : files[i].entries) {
      nn::Linear* layer = named.at(full_name(entry.component, entry.target));
      expect_shapes(entry, *layer);
      std::shared_ptr<Stack>& stack = stacks[layer];
      if (!stack) { stack = std::make_shared<Stack>(); }
      stack->add(placed_like(entry, layer->weight), strengths[i]);
    }
  }
  for (const auto& [layer, stack] : stacks) { layer->adapter = stack; }
}

}  // namespace lorarun::networks
