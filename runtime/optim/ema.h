// Exponential moving average of parameters: the smoothed twin that is rendered and published.
//
//   average += (1 - decay) (parameter - average)        kernels/ema.h
//
// Constant decay, no warm-up; the raw parameters go on training.

#pragma once

#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun::optim {

// Requires: averages as parameters, in number and shape; decay in [0, 1].
void update_averages(const std::vector<Tensor>& parameters, double decay,
                     std::vector<Tensor>& averages);

// Exchanges the values; twice gives back the same bits.
void swap_values(std::vector<Tensor>& left, std::vector<Tensor>& right);

}  // namespace lorarun::optim
