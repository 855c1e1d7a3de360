// A linear layer with a slot for an adapter.
//
//   y = x W^T + b                    without adapter
//   y = adapter(x, W, b)             with one: it computes the whole, so that it
//                                    can keep the least for backward
//
// W is frozen in LoRA training: autograd then saves nothing for it.  With
// W.requires_grad the same layer trains in full.

#pragma once

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
};

struct Linear {
  std::string name;  // module path as in diffusers: "transformer_blocks.0.attn.to_q"
  Tensor weight;     // [out, in]
  Tensor bias;       // [out] or undefined
  std::shared_ptr<Adapter> adapter;  // null: plain

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

// Takes "<name>.weight" [out, in] and, with_bias, "<name>.bias" [out].
Linear take_linear(Weights& weights, const std::string& name, int64_t in, int64_t out,
                   bool with_bias = true);

// Adapter parameters of several layers, in order: what recompute() needs.
std::vector<Tensor> adapter_parameters(const std::vector<const Linear*>& layers);

}  // namespace lorarun::nn
