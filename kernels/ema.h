// Exponential moving average of a flat float32 parameter.
//
//   average += (1 - decay) * (param - average)
//
// Written as torch's lerp_(param, 1 - decay), in one pass.
// CUDA twin: ema.cu.

#pragma once

#include <span>

namespace lorarun {

// Requires: spans of one length, decay in [0, 1].
void ema(std::span<const float> param, double decay, std::span<float> average);

}  // namespace lorarun
