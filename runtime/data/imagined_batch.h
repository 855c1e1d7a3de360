// A batch without a data set: what a rehearsal of the training step is given.
//
// It has the shapes of a run's largest batch, lies on the CPU as a loader's does, and holds no
// pictures: zeros for latents (or pixels), and texts as long as the encoders make them.

#pragma once

#include <string>
#include <vector>

#include "runtime/data/loader.h"
#include "runtime/models/registry.h"

namespace lorarun::data {

struct BatchShape {
  int64_t batch = 1, accumulate = 1;  // pictures of a micro-batch, micro-batches
  int64_t width_px = 512, height_px = 512;
  bool pixels = false;            // as LoaderOptions::pixels
  std::vector<std::string> live;  // encoders that the step runs itself
};

// Requires: a model on the meta device (tensor/imagined.h); its encoders may be loaded for the
// shapes of their rows, and those that are not live are released.
Batch imagined_batch(models::Model& model, const BatchShape& shape);

}  // namespace lorarun::data
