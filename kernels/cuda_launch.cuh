// What every kernel file needs: the grid of a flat launch and the check after it.

#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

namespace lorarun::cuda {

constexpr int kThreads = 256;

inline dim3 flat_grid(int64_t n) {
  return dim3(static_cast<unsigned>((n + kThreads - 1) / kThreads));
}

// The index of this thread in a flat launch.
__device__ inline int64_t flat_index() {
  return blockIdx.x * int64_t{kThreads} + threadIdx.x;
}

// Why the launch before it failed, or null.
inline const char* cuda_check() {
  const cudaError_t code = cudaGetLastError();
  return code == cudaSuccess ? nullptr : cudaGetErrorString(code);
}

inline cudaStream_t stream_of(void* stream) {
  return static_cast<cudaStream_t>(stream);
}

// a * b + c rounded twice: nvcc would fuse the plain form, and the result would leave the CPU twin.
__device__ inline float mul_add(float a, float b, float c) {
  return __fadd_rn(__fmul_rn(a, b), c);
}

}  // namespace lorarun::cuda
