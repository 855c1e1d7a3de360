// One AdamW update of one parameter, for the optimizers that make it: adamw and muon.

#pragma once

#include "kernels/adamw.h"
#include "runtime/base/json.h"
#include "runtime/tensor/torch.h"

namespace lorarun::optim {

// Reads weight_decay (0.01), eps (1e-8) and betas ({ 0.9, 0.999 }) of an optimizer's table.
// Throws Error that names the key.
AdamwStep adamw_options(const Json& options);

// Moves the parameter and its two moments, all of one shape and float32, by the gradient.
void adamw_update(const AdamwStep& step, const Tensor& gradient, Tensor& parameter, Tensor& m,
                  Tensor& v);

}  // namespace lorarun::optim
