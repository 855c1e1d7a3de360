// The loss of each sample, in float32.

#pragma once

#include <string>
#include <vector>

#include "runtime/tensor/torch.h"
#include "runtime/train/knobs.h"

namespace lorarun::train {

const std::vector<std::string>& loss_kinds();       // mse, mae, huber
const std::vector<std::string>& loss_weightings();  // none, sigma_sqrt, cosmap

// Mean over C, h, w of the chosen distance: [B, C, h, w] twice -> [B].  huber is torch's (delta).
Tensor sample_losses(const LossLaw& law, const Tensor& prediction, const Tensor& target);

// The weighting of each sample's noise time: sigma [B] -> [B].
//   none 1   sigma_sqrt 1 / sigma^2   cosmap 2 / (pi (1 - 2 sigma + 2 sigma^2))
// Source: diffusers, training_utils.py.
Tensor sigma_weights(const LossLaw& law, const Tensor& sigma);

}  // namespace lorarun::train
