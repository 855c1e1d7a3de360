// The memory of the pretended GPU: host memory under addresses that the host cannot use.
//
// A device address is the host's with one bit set that no address of a process has.  So code that
// reads device memory as if it were the host's dies here as it would on a card; what is allowed to
// read it goes through host_address().
//
//   PRETEND_BYTES     memory of the card; more throws c10::OutOfMemoryError (default: the host's)
//   PRETEND_DEVICES   number of cards (default 1); they share the limit

#pragma once

#include <c10/core/CachingDeviceAllocator.h>

#include <atomic>

namespace pretend {

constexpr auto kDevice = c10::DeviceType::PrivateUse1;

int number_of_devices();

c10::DeviceIndex current_device();  // of this thread
void set_current_device(c10::DeviceIndex index);

// The same memory as the host sees it, and as the device does.
void* host_address(const void* device);
void* device_address(void* host);

// LibTorch's allocator for the device, which counts.
class Memory : public c10::DeviceAllocator {
 public:
  int64_t peak_bytes() const { return peak_; }
  void reset_peak() { peak_ = now_.load(); }

  c10::DataPtr allocate(size_t n) override { return allocate_on(current_device(), n); }
  c10::DataPtr allocate_on(c10::DeviceIndex index, size_t n);
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t n) const override;

  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override;
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override { reset_peak(); }
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex) override;

 private:
  static void drop(void* device);
  void take(int64_t bytes);

  std::atomic<int64_t> now_{0}, peak_{0};
};

Memory& memory();

}  // namespace pretend
