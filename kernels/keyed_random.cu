// Keyed random numbers on the device: one thread makes one block of four words.
//
//   out [B, N] fp32, row b keyed by sample first_sample + b
//   bound by arithmetic (ten rounds), then by writing B N elements
//
// Uniforms and masks equal the CPU's.  Normals are made in double by CUDA's
// log, sin and cos, whose last bit may differ: at most 1 ulp of the float.
// Twin: keyed_random.cpp.

#include <math.h>

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

constexpr int kBlockWords = 4;

// The block of a sample, as philox4x32_10 of keyed_random.h.
__device__ uint4 block_words(const Key& key, uint32_t sample, uint32_t block) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  uint4 c = make_uint4(block, sample, key.step, key.stream_hash);
  uint32_t k0 = static_cast<uint32_t>(key.seed), k1 = static_cast<uint32_t>(key.seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32_t high0 = __umulhi(kMultiplier0, c.x), low0 = kMultiplier0 * c.x;
    const uint32_t high1 = __umulhi(kMultiplier1, c.z), low1 = kMultiplier1 * c.z;
    c = make_uint4(high1 ^ c.y ^ k0, low1, high0 ^ c.w ^ k1, low0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return c;
}

__device__ float uniform_of(uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

__device__ float2 normals_of(uint32_t first, uint32_t second) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const double u1 = (static_cast<double>(first) + 1.0) * 0x1p-32;
  const double u2 = static_cast<double>(second) * 0x1p-32;
  const double radius = sqrt(-2.0 * log(u1));
  const double angle = kTwoPi * u2;
  return make_float2(static_cast<float>(radius * cos(angle)),
                     static_cast<float>(radius * sin(angle)));
}

// Laws: what a block of words becomes.
struct Uniform {
  __device__ float4 operator()(const uint4& w) const {
    return make_float4(uniform_of(w.x), uniform_of(w.y), uniform_of(w.z), uniform_of(w.w));
  }
};

struct Normal {
  __device__ float4 operator()(const uint4& w) const {
    const float2 low = normals_of(w.x, w.y), high = normals_of(w.z, w.w);
    return make_float4(low.x, low.y, high.x, high.y);
  }
};

struct Mask {
  float rate, kept;

  __device__ float of(uint32_t word) const { return uniform_of(word) >= rate ? kept : 0.0f; }
  __device__ float4 operator()(const uint4& w) const {
    return make_float4(of(w.x), of(w.y), of(w.z), of(w.w));
  }
};

template <typename Law>
__global__ void keyed_kernel(Key key, Law law, float* __restrict__ out, int64_t N) {
  const int64_t block = flat_index(), first = block * kBlockWords;
  if (first >= N) { return; }
  const float4 made =
      law(block_words(key, key.first_sample + blockIdx.y, static_cast<uint32_t>(block)));
  const float values[kBlockWords] = {made.x, made.y, made.z, made.w};
  float* row = out + blockIdx.y * N;  // blockIdx.y is the sample
  for (int i = 0; i < kBlockWords && first + i < N; ++i) { row[first + i] = values[i]; }
}

template <typename Law>
const char* fill(const char* op, Key key, Law law, float* out, int64_t B, int64_t N, Place where) {
  const int64_t blocks = (N + kBlockWords - 1) / kBlockWords;
  return launch(op, where, B, blocks, keyed_kernel<Law>, key, law, out, N);
}

}  // namespace

const char* keyed_uniform(Key key, float* out, int64_t B, int64_t N, Place where) {
  return fill("keyed_uniform", key, Uniform{}, out, B, N, where);
}

const char* keyed_normal(Key key, float* out, int64_t B, int64_t N, Place where) {
  return fill("keyed_normal", key, Normal{}, out, B, N, where);
}

const char* keyed_mask(Key key, float rate, float kept, float* out, int64_t B, int64_t N,
                       Place where) {
  return fill("keyed_mask", key, Mask{rate, kept}, out, B, N, where);
}

}  // namespace lorarun::cuda
