#include "runtime/optim/ema.h"

#include "runtime/base/error.h"
#include "runtime/tensor/device_ops.h"

namespace lorarun::optim {

void update_averages(const std::vector<Tensor>& parameters, double decay,
                     std::vector<Tensor>& averages) {
  LR_CHECK(parameters.size() == averages.size(), "one average per parameter");
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters.size(); ++i) {
    ema(parameters[i].detach(), decay, averages[i]);
  }
}

void swap_values(std::vector<Tensor>& left, std::vector<Tensor>& right) {
  LR_CHECK(left.size() == right.size(), "two lists of one length");
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < left.size(); ++i) {
    const Tensor kept = left[i].clone();
    left[i].copy_(right[i]);
    right[i].copy_(kept);
  }
}

}  // namespace lorarun::optim
