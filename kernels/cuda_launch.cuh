// What every kernel file needs: the launch over a grid of rows, with its device and its check.
//
//   one thread an item of a row:  flat_index() < n items      blockIdx.y: the row
//
// A kernel is started through cudaLaunchKernelEx and not by <<<…>>>, which is the same launch as
// a function: so a .cu file is also plain C++ for the simulated grid of tests/kernels/simulated.
//
// The device comes as an argument and is not asked of a pointer (cudaPointerGetAttributes): the
// caller knows it, and a driver call for each launch would cost about what a small launch does.

#pragma once

#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>

#include "kernels/cuda_ops.h"

namespace lorarun::cuda {

constexpr int kThreads = 256;
constexpr int64_t kMostRows = 65535;  // CUDA's limit of gridDim.y

// The thread's current device is `device` as long as the guard lives.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device) {
    code_ = cudaGetDevice(&before_);
    if (code_ == cudaSuccess && before_ != device) {
      code_ = cudaSetDevice(device);
      moved_ = code_ == cudaSuccess;
    }
  }
  ~DeviceGuard() {
    if (moved_) { cudaSetDevice(before_); }
  }
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

  cudaError_t code() const { return code_; }

 private:
  int before_ = 0;
  bool moved_ = false;
  cudaError_t code_ = cudaSuccess;
};

// "adamw: invalid device ordinal"; the text is this thread's.
inline const char* complaint(const char* op, const char* why) {
  static thread_local char text[256];
  snprintf(text, sizeof text, "%s: %s", op, why);
  return text;
}

inline const char* checked(const char* op, cudaError_t code) {
  if (code == cudaSuccess) { return nullptr; }
  cudaGetLastError();  // it is told once, by this text
  return complaint(op, cudaGetErrorString(code));
}

// Starts `kernel` with one thread for each of `n` items of each row.
template <typename... Parameters, typename... Arguments>
const char* launch(const char* op, lorarun_place where, int64_t rows, int64_t n,
                   void (*kernel)(Parameters...), Arguments... arguments) {
  if (rows == 0 || n == 0) { return nullptr; }
  if (rows > kMostRows) { return complaint(op, "more than 65,535 rows at once"); }
  const DeviceGuard guard(where.device);
  if (guard.code() != cudaSuccess) { return checked(op, guard.code()); }
  cudaLaunchConfig_t config = {};
  config.gridDim =
      dim3(static_cast<unsigned>((n + kThreads - 1) / kThreads), static_cast<unsigned>(rows));
  config.blockDim = dim3(kThreads);
  config.stream = static_cast<cudaStream_t>(where.stream);
  return checked(op, cudaLaunchKernelEx(&config, kernel, arguments...));
}

// The item of this thread.
__device__ inline int64_t flat_index() {
  return blockIdx.x * int64_t{kThreads} + threadIdx.x;
}

// a * b + c rounded twice: nvcc would fuse the plain form, and the result would leave the CPU twin.
__device__ inline float mul_add(float a, float b, float c) {
  return __fadd_rn(__fmul_rn(a, b), c);
}

}  // namespace lorarun::cuda
