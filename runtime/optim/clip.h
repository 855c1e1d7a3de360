// Clipping of all gradients together, by their global norm.

#pragma once

#include <vector>

#include "runtime/optim/registry.h"

namespace lorarun::optim {

// The norm of all gradients of the groups that train, as if they were one vector.
double gradient_norm(const std::vector<Group>& groups);

// Scales the gradients so that their norm is at most `max_norm` (0: leaves them) and gives the
// norm before.  As torch.nn.utils.clip_grad_norm_: the factor is min(1, max / (norm + 1e-6)).
double clip_gradients(const std::vector<Group>& groups, double max_norm);

}  // namespace lorarun::optim
