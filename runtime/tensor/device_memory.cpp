#include "runtime/tensor/device_memory.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <string>

namespace lorarun {
namespace {

// Null on the CPU, and on a device whose memory nobody counts.
c10::DeviceAllocator* allocator_of(at::Device device) {
  if (device.is_cpu() || device.is_meta()) { return nullptr; }
  return dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
}

}  // namespace

bool is_out_of_memory(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) { return true; }
  const std::string text = error.what_without_backtrace();
  constexpr const char* kWords[] = {"out of memory", "allocate memory",
                                    "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&text](const char* words) { return text.find(words) != std::string::npos; });
}

std::optional<DeviceMemory> memory_of(at::Device device) {
  const at::DeviceIndex index = device.has_index() ? device.index() : at::DeviceIndex{0};
  try {
    c10::DeviceAllocator* allocator = allocator_of(device);
    if (allocator == nullptr) { return std::nullopt; }
    at::globalContext().lazyInitDevice(device.type());
    const auto [free, total] = allocator->getMemoryInfo(index);
    const auto held = allocator->getDeviceStats(index).allocated_bytes[0];
    return DeviceMemory{.total_bytes = static_cast<int64_t>(total),
                        .free_bytes = static_cast<int64_t>(free),
                        .allocated_bytes = held.current,
                        .peak_bytes = held.peak};
  } catch (const c10::Error&) { return std::nullopt; }  // the device is not there, or does not say
}

void reset_peak_memory(at::Device device) {
  c10::DeviceAllocator* allocator = allocator_of(device);
  if (allocator != nullptr) { allocator->resetPeakStats(device.index()); }
}

}  // namespace lorarun
