// What every room needs to know of tensors: data types by name, shape checks
// with messages for people, and keyed random tensors.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/tensor/torch.h"

namespace lorarun {

// "float32" "fp32" "float16" "fp16" "bfloat16" "bf16" "float64" "int64" "uint8" "bool".
// Throws Error with the known names.
at::ScalarType dtype_from_name(const std::string& name);
std::string name_of_dtype(at::ScalarType dtype);  // "float32", "bfloat16", …

// safetensors' own names: "F32", "BF16", …
at::ScalarType dtype_from_safetensors(const std::string& name);
std::string safetensors_name(at::ScalarType dtype);

std::string shape_text(at::IntArrayRef shape);  // "[2, 16, 6, 10]"

// Checks `tensor` against letters such as "B C h w"; `fixed` gives sizes that
// are known.  Throws Error naming `what`, its shape and the expected one.
//   expect_shape(latent, "B C h w", {{"C", 16}}, "latent");
void expect_shape(const Tensor& tensor, const std::string& letters,
                  const std::map<std::string, int64_t>& fixed, const std::string& what);

// Keyed random tensors (docs/random.md): float32, filled in row-major order, made on `device`.
Tensor keyed_normal(uint64_t seed, const std::string& stream, uint32_t step, uint32_t sample,
                    at::IntArrayRef shape, at::Device device = at::kCPU);
Tensor keyed_uniform(uint64_t seed, const std::string& stream, uint32_t step, uint32_t sample,
                     at::IntArrayRef shape, at::Device device = at::kCPU);

// Many samples in one tensor [B, …]: row b is what sample first_sample + b gets.  A mask is 0 where
// the uniform is below `rate`, else 1 / (1 - rate).
Tensor keyed_normal_rows(uint64_t seed, const std::string& stream, uint32_t step,
                         uint32_t first_sample, at::IntArrayRef shape,
                         at::Device device = at::kCPU);
Tensor keyed_mask_rows(uint64_t seed, const std::string& stream, uint32_t step,
                       uint32_t first_sample, at::IntArrayRef shape, double rate,
                       at::Device device = at::kCPU);

// Bytes that tensors hold now and held at most, by device ("cpu"), and the process's peak.
int64_t peak_process_bytes();  // VmHWM of /proc/self/status
int64_t process_bytes();       // VmRSS

}  // namespace lorarun
