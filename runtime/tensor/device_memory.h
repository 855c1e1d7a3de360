// The memory of a card: how much it has, how much is free, what LibTorch holds of it.
//
// Asked of LibTorch's allocator of the device, which is the same call for CUDA and for any other
// device that brings an allocator of its own.

#pragma once

#include <optional>

#include "runtime/tensor/torch.h"

namespace lorarun {

// True when LibTorch had no memory to give, on the host or a device.
bool is_out_of_memory(const c10::Error& error);

struct DeviceMemory {
  int64_t total_bytes = 0, free_bytes = 0;      // of the card
  int64_t allocated_bytes = 0, peak_bytes = 0;  // of it, by tensors: now, and at most
};

// Gives nothing for the CPU and for a device whose allocator does not say.
std::optional<DeviceMemory> memory_of(at::Device device);

// From here on peak_bytes counts anew; nothing on the CPU.
void reset_peak_memory(at::Device device);

}  // namespace lorarun
