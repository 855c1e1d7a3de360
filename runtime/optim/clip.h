// Clipping of all gradients together, by their global norm.

#pragma once

#include <vector>

#include "runtime/optim/registry.h"

namespace lorarun::optim {

// The norm of all gradients of the groups that train, as if they were one vector: [] where the
// gradients are, not read.  0 where nothing trains.
Tensor gradient_norm(const std::vector<Group>& groups);
Tensor gradient_norm(const Group& group);

// Scales the gradients, whose norm is `norm`, so that it is at most `max_norm` (0: leaves them).
// As torch.nn.utils.clip_grad_norm_: the factor is min(1, max_norm / (norm + 1e-6)) in float32.
void scale_gradients(const std::vector<Group>& groups, double norm, double max_norm);

// Both: clips, and gives the norm before.
double clip_gradients(const std::vector<Group>& groups, double max_norm);

}  // namespace lorarun::optim
