// A linear layer with a slot for an adapter.
//
//   y = x W^T + b                    without adapter
//   y = adapter(x, W, b)             with one: it computes the whole, so that it
//                                    can keep the least for backward
//
// W is frozen in LoRA training: autograd then saves nothing for it.  With
// W.requires_grad the same layer trains in full.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/nn/weights.h"
#include "runtime/tensor/torch.h"

namespace lorarun::nn {

struct Linear;

// What a network (LoRA, LoKr, …) puts into a linear layer.
class Adapter {
 public:
  virtual ~Adapter() = default;

  // Gives the layer's output with the adapter's change.  x [..., in] -> [..., out]
  virtual Tensor forward(const Linear& base, const Tensor& x) const = 0;

  // The leaves that train.  Recompute passes them as inputs, so that their
  // gradient cannot vanish.
  virtual std::vector<Tensor> parameters() const = 0;

  // What the change depends on, as a short text; "" when it leaves the layer as it is.  Two
  // adapters with the same key change a layer alike: caches of what a model gives are named by it.
  virtual std::string change_key() const { return "unknown"; }
};

// The place of a layer's adapter.  The layer shares it with whoever put the adapter in, so that
// either may go first: a component that is released and loaded again takes its old slots
// (AdapterSlots), and a network clears the slots it filled without asking where the layers are.
class AdapterSlot {
 public:
  AdapterSlot() : place_(std::make_shared<std::shared_ptr<Adapter>>()) {}

  AdapterSlot& operator=(std::shared_ptr<Adapter> adapter) {
    *place_ = std::move(adapter);
    return *this;
  }
  void reset() { place_->reset(); }
  Adapter* get() const { return place_->get(); }
  Adapter* operator->() const { return place_->get(); }
  bool operator==(std::nullptr_t) const { return *place_ == nullptr; }
  explicit operator bool() const { return *place_ != nullptr; }

 private:
  std::shared_ptr<std::shared_ptr<Adapter>> place_;
};

struct Linear {
  std::string name;     // module path as in diffusers: "transformer_blocks.0.attn.to_q"
  Tensor weight;        // [out, in]
  Tensor bias;          // [out] or undefined
  AdapterSlot adapter;  // empty: plain

  int64_t in() const { return weight.size(1); }
  int64_t out() const { return weight.size(0); }
  Tensor forward(const Tensor& x) const;        // x [..., in] -> [..., out]
  Tensor forward_plain(const Tensor& x) const;  // the frozen layer alone
};

// A layer that a network may adapt, and the component it belongs to.
struct AdaptableLayer {
  std::string component;  // "transformer", "clip_l", "t5"
  Linear* layer;          // borrowed from the model; the target's name is layer->name
};

// The slots of a component's layers by name, kept while the component is released.
class AdapterSlots {
 public:
  void keep(const std::vector<Linear*>& layers);            // before the layers go
  void put_back(const std::vector<Linear*>& layers) const;  // into the layers that came anew

  // change_key() of all adapters as one hash; "" when nothing is changed.
  static std::string change_key(const std::vector<Linear*>& layers);
  std::string change_key() const;

 private:
  std::map<std::string, AdapterSlot> slots_;
};

// Takes "<name>.weight" [out, in] and, with_bias, "<name>.bias" [out].
Linear take_linear(Weights& weights, const std::string& name, int64_t in, int64_t out,
                   bool with_bias = true);

// Adapter parameters of several layers, in order: what recompute() needs.
std::vector<Tensor> adapter_parameters(const std::vector<const Linear*>& layers);

}  // namespace lorarun::nn
