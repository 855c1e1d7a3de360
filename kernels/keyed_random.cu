// Keyed random numbers on the device: one thread makes one block of four words.
//
//   out [n]     bound by arithmetic (ten rounds), then by writing n elements
//
// Words and uniforms equal the CPU's.  Normals are made in double by CUDA's
// log, sin and cos, whose last bit may differ: at most 1 ulp of the float.
// Twin: keyed_random.cpp.

#include "kernels/cuda_launch.cuh"
#include "kernels/cuda_launchers.h"

namespace lorarun::cuda {
namespace {

struct Key {
  uint32_t seed_low, seed_high, stream_hash, step, sample;
};

__device__ uint4 block_words(const Key& key, uint32_t block) {
  constexpr uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  constexpr uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  uint4 c = make_uint4(block, key.sample, key.step, key.stream_hash);
  uint32_t k0 = key.seed_low, k1 = key.seed_high;
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

template <typename Number>
__device__ void store(const Number (&values)[4], Number* out, int64_t first, int64_t n) {
  for (int i = 0; i < 4 && first + i < n; ++i) { out[first + i] = values[i]; }
}

__global__ void words_kernel(Key key, uint32_t* __restrict__ out, int64_t n) {
  const int64_t block = flat_index();
  if (block * 4 >= n) { return; }
  const uint4 w = block_words(key, static_cast<uint32_t>(block));
  const uint32_t values[4] = {w.x, w.y, w.z, w.w};
  store(values, out, block * 4, n);
}

__global__ void uniform_kernel(Key key, float* __restrict__ out, int64_t n) {
  const int64_t block = flat_index();
  if (block * 4 >= n) { return; }
  const uint4 w = block_words(key, static_cast<uint32_t>(block));
  const float values[4] = {uniform_of(w.x), uniform_of(w.y), uniform_of(w.z), uniform_of(w.w)};
  store(values, out, block * 4, n);
}

__global__ void normal_kernel(Key key, float* __restrict__ out, int64_t n) {
  const int64_t block = flat_index();
  if (block * 4 >= n) { return; }
  const uint4 w = block_words(key, static_cast<uint32_t>(block));
  const float2 low = normals_of(w.x, w.y), high = normals_of(w.z, w.w);
  const float values[4] = {low.x, low.y, high.x, high.y};
  store(values, out, block * 4, n);
}

Key key_of(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample) {
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), stream_hash, step,
          sample};
}

dim3 grid_of(int64_t n) {
  return flat_grid((n + 3) / 4);
}

}  // namespace

const char* keyed_words(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                        uint32_t* out, int64_t n, void* stream) {
  if (n == 0) { return nullptr; }
  words_kernel<<<grid_of(n), kThreads, 0, stream_of(stream)>>>(
      key_of(seed, stream_hash, step, sample), out, n);
  return cuda_check();
}

const char* keyed_uniform(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                          float* out, int64_t n, void* stream) {
  if (n == 0) { return nullptr; }
  uniform_kernel<<<grid_of(n), kThreads, 0, stream_of(stream)>>>(
      key_of(seed, stream_hash, step, sample), out, n);
  return cuda_check();
}

const char* keyed_normal(uint64_t seed, uint32_t stream_hash, uint32_t step, uint32_t sample,
                         float* out, int64_t n, void* stream) {
  if (n == 0) { return nullptr; }
  normal_kernel<<<grid_of(n), kThreads, 0, stream_of(stream)>>>(
      key_of(seed, stream_hash, step, sample), out, n);
  return cuda_check();
}

}  // namespace lorarun::cuda
