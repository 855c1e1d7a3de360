// A driver as a test wants it: libcuda.so.1 with the functions that kernels/cuda_driver.cpp calls.
//
//   STUB_CUDA_VERSION=12040    the newest CUDA that it runs; 13000 when absent
//   STUB_CUDA_INIT=803         what cuInit answers; 0 when absent
//   STUB_CUDA_CARDS=2          how many cards it shows; 1 when absent
//   STUB_CUDA_CAPABILITY=61    compute capability 6.1 of each; 90 when absent
//
// LibTorch's CUDA half finds too little in it and sees no card.

#include <cstdlib>
#include <cstring>

namespace {

int number(const char* name, int absent) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : absent;
}

}  // namespace

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = number("STUB_CUDA_VERSION", 13000);
  return 0;
}

int cuInit(unsigned) {
  return number("STUB_CUDA_INIT", 0);
}

int cuDeviceGetCount(int* count) {
  *count = number("STUB_CUDA_CARDS", 1);
  return 0;
}

int cuDeviceGet(int* device, int number) {
  *device = number;
  return 0;
}

int cuDeviceGetName(char* name, int bytes, int) {
  std::strncpy(name, "Stub Card 24", static_cast<size_t>(bytes));
  return 0;
}

int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{24} << 30;
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  const int capability = number("STUB_CUDA_CAPABILITY", 90);
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return 0;
}
}
