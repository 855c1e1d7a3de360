// Several LoRA files on one model, each with a strength, beside the frozen layers.
//
//   y = x W^T + b + sum_i s_i (alpha_i / R_i) (x A_i^T) B_i^T        A_i [R_i, in], B_i [out, R_i]
//
// Nothing is merged: the base stays as it is in its mapping, and taking the stack off gives the
// base model back to the bit.  For sampling; a stack has nothing that trains.

#pragma once

#include <memory>
#include <vector>

#include "runtime/networks/lora_file.h"
#include "runtime/nn/linear.h"

namespace lorarun::networks {

class Stack : public nn::Adapter {
 public:
  // Adds one change of the layer's weight.
  // Requires: entry.down [R, in] and entry.up [out, R] of the layer's in and out.
  void add(const LoraEntry& entry, double strength);

  // x [..., in] -> [..., out], in x's type.
  Tensor forward(const nn::Linear& base, const Tensor& x) const override;

  std::vector<Tensor> parameters() const override { return {}; }

 private:
  struct Change {
    Tensor down, up;  // [R, in], [out, R]
    double scale;     // strength * alpha / R
  };
  std::vector<Change> changes_;
};

// Puts the files on the layers; strengths[i] is that of files[i].  A layer that already has an
// adapter loses it.  Throws Error for a target that the model lacks, naming the first few with
// the nearest layer, and for shapes that do not fit the layer.
// Requires: as many strengths as files.
void put_lora_files(const std::vector<nn::AdaptableLayer>& layers,
                    const std::vector<LoraFile>& files, const std::vector<double>& strengths);

}  // namespace lorarun::networks
