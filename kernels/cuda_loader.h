// Finds the GPU at run time: one program serves machines with and without.
//
//   libcuda.so.1 there?  cuInit says yes?  ->  liblorarun_cuda.so beside the program
//
// The plugin pulls in LibTorch's CUDA libraries, which register themselves
// when they load: call this before any tensor exists.

#pragma once

#include <string>

#include "kernels/cuda_ops.h"

namespace lorarun {

// Gives the launchers, or null with the reason for people in `why_not`.  Never throws.
// The first call decides; later calls give the same answer.
const CudaOps* load_cuda_plugin(std::string& why_not);

}  // namespace lorarun
