// The two halves of CUDA that a program gets at run time: one binary serves machines with and
// without.
//
//   cuda_driver() has no trouble  ->  libtorch_cuda.so beside libtorch_cpu.so    tensors on cards
//                                 ->  liblorarun_cuda.so beside the program      kernels of our own
//
// LibTorch's half is all that training needs, and no compiler is needed for it.  The plugin is
// built where nvcc is; without it plain tensor operations do its work.
//
// LibTorch's half registers itself when it loads, and LibTorch decides at the first question about
// CUDA whether it has any: call this before anything asks.  runtime/tensor/device.h does.

#pragma once

#include <string>

#include "kernels/cuda_ops.h"

namespace lorarun {

// How LibTorch's half fared: loaded when `trouble` is empty.
struct CudaLibraries {
  std::string trouble, remedy;
  std::string path;  // of libtorch_cuda.so, once it was tried
};

// Loads LibTorch's CUDA half where a driver is.  Never throws; the first call decides.
const CudaLibraries& load_cuda_libraries();

// Beside the program; it need not be there.
std::string cuda_plugin_path();

// Gives the launchers, or null with the reason for people in `why_not`.  Never throws.
// The first call decides; later calls give the same answer.
const CudaOps* load_cuda_plugin(std::string& why_not);

}  // namespace lorarun
