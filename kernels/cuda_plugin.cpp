// liblorarun_cuda.so: the launchers as a table of C functions (cuda_ops.h).
//
// It links CUDA's runtime and no LibTorch: the program has loaded LibTorch's
// CUDA half before it loads this plugin (cuda_loader.h).

#include "kernels/cuda_launchers.h"

extern "C" __attribute__((visibility("default"))) const lorarun_cuda_ops* lorarun_cuda_ops_v1() {
  namespace cuda = lorarun::cuda;
  static const lorarun_cuda_ops ops = {.version = lorarun::kCudaOpsVersion,
                                       .struct_bytes = sizeof(lorarun_cuda_ops),
                                       .keyed_uniform = cuda::keyed_uniform,
                                       .keyed_normal = cuda::keyed_normal,
                                       .keyed_mask = cuda::keyed_mask,
                                       .noise_mix = cuda::noise_mix,
                                       .adamw = cuda::adamw,
                                       .ema = cuda::ema};
  return &ops;
}
