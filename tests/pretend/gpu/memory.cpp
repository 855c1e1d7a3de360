#include "tests/pretend/gpu/memory.h"

#include "tests/kernels/simulated/cuda_runtime.h"

#include <c10/util/Exception.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace pretend {
namespace {

using lorarun::simulated::kDeviceBit;    // simulated kernels take it off
constexpr size_t kAlignment_bytes = 64;  // and the size of the header before each block

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

int64_t host_bytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

int64_t limit_bytes() {
  static const int64_t limit = number_from_environment("PRETEND_BYTES", host_bytes());
  return limit;
}

thread_local c10::DeviceIndex this_thread = 0;

c10::CachingAllocator::Stat stat(int64_t current, int64_t peak) {
  c10::CachingAllocator::Stat stat;
  stat.current = current;
  stat.peak = peak;
  return stat;
}

}  // namespace

int number_of_devices() {
  static const auto count = static_cast<int>(number_from_environment("PRETEND_DEVICES", 1));
  return count;
}

c10::DeviceIndex current_device() {
  return this_thread;
}
void set_current_device(c10::DeviceIndex index) {
  this_thread = index;
}

void* host_address(const void* device) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(device) & ~kDeviceBit);
}

void* device_address(void* host) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) | kDeviceBit);
}

void Memory::take(int64_t bytes) {
  const int64_t here = now_ += bytes;
  if (here > limit_bytes()) {
    now_ -= bytes;
    TORCH_CHECK_WITH(OutOfMemoryError, false, "pretend out of memory. Tried to allocate ", bytes,
                     " bytes; ", here - bytes, " of ", limit_bytes(), " are in use");
  }
  int64_t old = peak_;
  while (old < here && !peak_.compare_exchange_weak(old, here)) {}
}

c10::DataPtr Memory::allocate_on(c10::DeviceIndex index, size_t n) {
  const c10::Device device(kDevice, index);
  if (n == 0) { return {nullptr, device}; }
  take(static_cast<int64_t>(n));
  void* block = nullptr;
  TORCH_CHECK(posix_memalign(&block, kAlignment_bytes, n + kAlignment_bytes) == 0,
              "the host has no memory for the pretended GPU");
  *static_cast<size_t*>(block) = n;
  void* data = device_address(static_cast<char*>(block) + kAlignment_bytes);
  return {data, data, &drop, device};
}

void Memory::drop(void* device) {
  if (device == nullptr) { return; }
  char* block = static_cast<char*>(host_address(device)) - kAlignment_bytes;
  memory().now_ -= static_cast<int64_t>(*reinterpret_cast<size_t*>(block));
  std::free(block);
}

c10::DeleterFnPtr Memory::raw_deleter() const {
  return &drop;
}

void Memory::copy_data(void* to, const void* from, std::size_t n) const {
  std::memcpy(host_address(to), host_address(from), n);
}

c10::CachingDeviceAllocator::DeviceStats Memory::getDeviceStats(c10::DeviceIndex) {
  c10::CachingDeviceAllocator::DeviceStats stats;
  stats.allocated_bytes[0] = stat(now_, peak_);
  stats.reserved_bytes[0] = stat(now_, peak_);
  return stats;
}

std::pair<size_t, size_t> Memory::getMemoryInfo(c10::DeviceIndex) {
  return {static_cast<size_t>(limit_bytes() - now_), static_cast<size_t>(limit_bytes())};
}

Memory& memory() {
  static auto* the = new Memory;  // tensors of static life outlive every destructor
  return *the;
}

}  // namespace pretend
