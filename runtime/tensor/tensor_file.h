// Tensors in safetensors files, without copies where the file allows it.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "runtime/io/safetensors.h"
#include "runtime/tensor/torch.h"

namespace lorarun {

using NamedTensors = std::map<std::string, Tensor>;

// Gives a tensor over the mapped bytes (which stay mapped as long as it lives).
// Misaligned data is copied.  The result must not be written to.
Tensor tensor_of(const TensorView& view, std::shared_ptr<const void> keep_alive);

// Reads all tensors of one file, as views of the mapping.
NamedTensors load_tensors(const std::filesystem::path& path);

// Writes tensors (moved to the CPU, contiguous) atomically.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata = {});

}  // namespace lorarun
