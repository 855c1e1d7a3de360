// Imagined tensors: shapes and types without numbers, and the bytes that they would take.
//
//   LibTorch's meta device, its allocator replaced by one that counts  ->  bytes now, bytes at most
//
// A model that is opened on at::kMeta reads no weights and computes nothing, but it runs its own
// code: what a step holds at its peak is counted, not described a second time.  A FLUX.1 at true
// size is so rehearsed in seconds on any machine.
//
// What LibTorch lacks on that device is added by start() (imagined_kernels.cpp): normalisations,
// convolutions, attention that keeps what fused attention keeps.  Every number that is read from
// an imagined tensor is 1, so that code which looks at a loss goes on.
//
// The count is of tensors.  Work space of cuBLAS and cuDNN and what a caching allocator loses to
// fragments come on top.

#pragma once

#include <cstdint>

namespace lorarun::imagined {

// Begins to count; later calls do nothing.  Tensors of the meta device made before are not counted.
void start();

int64_t bytes();       // that imagined tensors take now
int64_t peak_bytes();  // and took at most since the last reset_peak()
void reset_peak();

}  // namespace lorarun::imagined
