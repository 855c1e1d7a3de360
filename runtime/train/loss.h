// The loss of each sample, in float32.

#pragma once

#include <string>
#include <vector>

#include "runtime/tensor/torch.h"
#include "runtime/train/knobs.h"

namespace lorarun::train {

const std::vector<std::string>& loss_kinds();       // mse, mae, huber
const std::vector<std::string>& loss_weightings();  // none, sigma_sqrt, cosmap

// Mean over C, h, w of the chosen distance, times the weighting of its sigma.
//   prediction, target [B, C, h, w]   sigma [B]   ->  [B]
// huber is torch's (delta); weightings are diffusers' (training_utils.py).
Tensor sample_losses(const LossLaw& law, const Tensor& prediction, const Tensor& target,
                     const Tensor& sigma);

}  // namespace lorarun::train
