// A named stretch of work: what profilers show as one bar, and what the pretended GPU counts
// (tests/pretend/gpu/counters.h).
//
//   "step"      one training step
//   "compute"   inside a step: nothing here waits for the device, no value of it is read
//
// Costs nothing while nobody watches.

#pragma once

#include "runtime/tensor/torch.h"

#include <ATen/record_function.h>

namespace lorarun {

class Stretch {
 public:
  explicit Stretch(const char* name) : record_(at::RecordScope::USER_SCOPE) {
    if (record_.isActive()) { record_.before(name); }
  }

 private:
  at::RecordFunction record_;
};

}  // namespace lorarun
