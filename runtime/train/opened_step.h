// One training step, laid open: every tensor that another program needs to
// recompute it, in one safetensors file (docs/opened_step.md lists the keys).

#pragma once

#include <filesystem>
#include <string>

#include "runtime/train/trainer.h"

namespace lorarun::train {

// Performs the step and writes `out`.  `base` is the model's path as in the recipe.
// Throws Error when the batch holds pictures of several sizes: they share no shape.
Stats open_step(Trainer& trainer, const data::Batch& batch, const Knobs& knobs,
                const std::string& base, const std::filesystem::path& out);

}  // namespace lorarun::train
