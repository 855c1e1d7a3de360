// A stand-in for CUDA's runtime: kernels run as plain C++, thread after thread of the grid.
//
//   the .cu files of kernels/  +  this header in place of the toolkit's  =  lr_kernels_simulated
//
// So a kernel's own body is compared with its CPU twin where there is no GPU.  What this
// cannot show: races between threads, memory of another device, the last bit of CUDA's own
// log, sin and cos.
//
// It refuses what CUDA refuses: a device that is not there, a grid or block out of range.

#pragma once

#include <stdint.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <type_traits>

#define __global__
#define __device__
#define __host__

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x_size = 1, unsigned y_size = 1, unsigned z_size = 1)
      : x(x_size), y(y_size), z(z_size) {}
};

struct float2 {
  float x, y;
};
struct float4 {
  float x, y, z, w;
};
struct uint4 {
  uint32_t x, y, z, w;
};

inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) {
  return {x, y, z, w};
}

inline uint32_t __umulhi(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>((uint64_t{a} * b) >> 32);
}
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fsub_rn(float a, float b) {
  return a - b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}
inline float __fsqrt_rn(float a) {
  return std::sqrt(a);
}

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidDevice = 101
};
using cudaStream_t = void*;

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

// The place of the thread that runs now.
inline thread_local dim3 blockIdx(0, 0, 0), threadIdx(0, 0, 0);

namespace lorarun::simulated {

constexpr int kDevices = 8;
constexpr unsigned kMostBlocks = 2147483647, kMostRows = 65535, kMostThreads = 1024;

inline thread_local int current_device = 0;
inline thread_local cudaError_t last_error = cudaSuccess;

// What ran, of all threads of the process.
inline std::atomic<int64_t> launches{0};
inline std::atomic<int> last_device{-1};

// The pretended GPU hands out addresses with this bit, which the host cannot use
// (tests/pretend/gpu/memory.h); a kernel may.
constexpr uintptr_t kDeviceBit = uintptr_t{1} << 60;

template <typename Argument>
Argument seen_by_a_kernel(Argument argument) {
  if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<Argument>(reinterpret_cast<uintptr_t>(argument) & ~kDeviceBit);
  } else {
    return argument;
  }
}

inline cudaError_t told(cudaError_t code) {
  if (code != cudaSuccess) { last_error = code; }
  return code;
}

inline bool in_range(const cudaLaunchConfig_t& config) {
  const dim3 &grid = config.gridDim, &block = config.blockDim;
  return grid.x >= 1 && grid.x <= kMostBlocks && grid.y >= 1 && grid.y <= kMostRows &&
         grid.z == 1 && block.x >= 1 && block.x <= kMostThreads && block.y == 1 && block.z == 1;
}

}  // namespace lorarun::simulated

inline cudaError_t cudaGetDevice(int* device) {
  *device = lorarun::simulated::current_device;
  return cudaSuccess;
}

inline cudaError_t cudaSetDevice(int device) {
  namespace simulated = lorarun::simulated;
  if (device < 0 || device >= simulated::kDevices) {
    return simulated::told(cudaErrorInvalidDevice);
  }
  simulated::current_device = device;
  return cudaSuccess;
}

inline cudaError_t cudaGetLastError() {
  const cudaError_t code = lorarun::simulated::last_error;
  lorarun::simulated::last_error = cudaSuccess;
  return code;
}

inline const char* cudaGetErrorString(cudaError_t code) {
  switch (code) {
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "no error";
  }
}

// Runs the kernel for every thread of every block, one after another.
template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments... arguments) {
  namespace simulated = lorarun::simulated;
  if (!simulated::in_range(*config)) { return simulated::told(cudaErrorInvalidConfiguration); }
  ++simulated::launches;
  simulated::last_device = simulated::current_device;
  const dim3 grid = config->gridDim, block = config->blockDim;
  for (blockIdx.y = 0; blockIdx.y < grid.y; ++blockIdx.y) {
    for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x) {
      for (threadIdx.x = 0; threadIdx.x < block.x; ++threadIdx.x) {
        kernel(simulated::seen_by_a_kernel(arguments)...);
      }
    }
  }
  return cudaSuccess;
}
