// Recompute ("gradient checkpointing"): forget a block's inside in the forward
// pass and compute it again in backward.
//
// Reentrant design: forward runs `body` without autograd and keeps only the
// inputs; backward runs it again with autograd and asks for the gradients of
// inputs and parameters.  `parameters` are passed as inputs of the node, because
// a node none of whose inputs needs a gradient is skipped and everything
// trained inside would silently stay as it is.  Randomness inside is keyed, so
// the second pass sees the same numbers.

#pragma once

#include <functional>
#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun::nn {

using Block = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs)>;

// Runs body(inputs); with `enabled`, its inside is recomputed in backward.
// The gradients are equal to the bit with and without it.
std::vector<Tensor> recompute(bool enabled, Block body, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& parameters);

}  // namespace lorarun::nn
