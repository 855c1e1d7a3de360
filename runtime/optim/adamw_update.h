// AdamW's options, moments and update, for the optimizers that make it: adamw and muon.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernels/adamw.h"
#include "runtime/base/json.h"
#include "runtime/tensor/torch.h"

namespace lorarun::optim {

// Reads weight_decay (0.01), eps (1e-8) and betas ({ 0.9, 0.999 }) of an optimizer's table.
// Throws Error that names the key.
AdamwStep adamw_options(const Json& options);

// AdamW's state of a list of parameters, and the update that moves it.
class AdamwMoments {
 public:
  // `m` and `v`: one tensor of zeros per parameter.
  AdamwMoments(std::vector<Tensor> m, std::vector<Tensor> v);

  // Moves parameter i and its moments, all of one shape and float32, by the gradient.
  void update(size_t i, AdamwStep settings, double lr, const Tensor& gradient, Tensor& parameter);

  Tensor& first(size_t i) { return m_[i]; }

  // <i>.m, <i>.v, <i>.t ([1]: updates of this parameter so far)
  std::map<std::string, Tensor> state() const;
  void load_state(const std::map<std::string, Tensor>& state);

 private:
  std::vector<Tensor> m_, v_, updates_;
};

}  // namespace lorarun::optim
