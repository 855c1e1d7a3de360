// The table of CUDA launchers that liblorarun_cuda.so hands to the program.
//
// Only C types cross the border, so that the program neither links nor
// includes CUDA.  All pointers are memory of the device `where.device`; work is
// queued on `where.stream` and not waited for, and the thread's current device
// is afterwards what it was.  A launcher returns null, or a text that names the
// op and says why the launch failed; it holds until this thread's next failure.
//
// Who calls them: runtime/tensor/device_ops.cpp alone.  tests/kernels/simulated
// builds the same table out of the same .cu files for machines without a GPU.

#pragma once

#include <stdint.h>

extern "C" {

// Where work runs: the number of the device, and a cudaStream_t of it or null for its default.
struct lorarun_place {
  int32_t device;
  void* stream;
};

// The key of a sample's numbers, as keyed_random.h; stream_hash = fnv1a32(stream's name).
// Row b of a launcher's out [B, N] is keyed by first_sample + b.
struct lorarun_key {
  uint64_t seed;
  uint32_t stream_hash, step, first_sample;
};

// AdamW's scalars of one step, as adamw.h.
struct lorarun_adamw_factors {
  float shrink, first_weight, beta2, second_weight, root_correction, eps, step_size;
};

struct lorarun_cuda_ops {
  int32_t version;       // lorarun::kCudaOpsVersion
  int32_t struct_bytes;  // sizeof(lorarun_cuda_ops): a plugin of another build is refused

  // out [B, N], as keyed_random.h
  const char* (*keyed_uniform)(lorarun_key key, float* out, int64_t B, int64_t N,
                               lorarun_place where);
  const char* (*keyed_normal)(lorarun_key key, float* out, int64_t B, int64_t N,
                              lorarun_place where);
  const char* (*keyed_mask)(lorarun_key key, float rate, float kept, float* out, int64_t B,
                            int64_t N, lorarun_place where);

  // latent, noise, noisy, target [B, N]; sigma [B], as noise_mix.h
  const char* (*noise_mix)(const float* latent, const float* noise, const float* sigma,
                           float* noisy, float* target, int64_t B, int64_t N, lorarun_place where);

  // grad, param, first_moment, second_moment [n], as adamw.h
  const char* (*adamw)(lorarun_adamw_factors factors, const float* grad, float* param,
                       float* first_moment, float* second_moment, int64_t n, lorarun_place where);

  // param, average [n], as ema.h; weight = 1 - decay
  const char* (*ema)(const float* param, float weight, float* average, int64_t n,
                     lorarun_place where);
};

const lorarun_cuda_ops* lorarun_cuda_ops_v1();
}

namespace lorarun {

using CudaOps = lorarun_cuda_ops;

// Counted up when a launcher changes its arguments.
constexpr int32_t kCudaOpsVersion = 2;

// The table, or null where it is of another build than the program.
inline const CudaOps* usable(const CudaOps* ops) {
  const bool fits = ops != nullptr && ops->version == kCudaOpsVersion &&
                    ops->struct_bytes == static_cast<int32_t>(sizeof(CudaOps));
  return fits ? ops : nullptr;
}

}  // namespace lorarun
