#include "kernels/cuda_loader.h"

#include <dlfcn.h>

#include <filesystem>

namespace lorarun {
namespace {

namespace fs = std::filesystem;

struct Answer {
  const CudaOps* ops = nullptr;
  std::string why_not;
};

std::string dl_reason() {
  const char* text = ::dlerror();
  return text != nullptr ? text : "unknown reason";
}

// Empty: there is a driver with at least one device.
std::string driver_trouble() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (driver == nullptr) { return "no NVIDIA driver on this machine (libcuda.so.1 is not there)"; }
  const auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto count = reinterpret_cast<int (*)(int*)>(::dlsym(driver, "cuDeviceGetCount"));
  if (init == nullptr || count == nullptr) { return "libcuda.so.1 lacks cuInit: not a driver"; }
  int devices = 0;
  const int started = init(0);
  const int code = started != 0 ? started : count(&devices);
  if (code != 0) {
    return "the NVIDIA driver refused to start (CUDA error " + std::to_string(code) + ")";
  }
  return devices > 0 ? "" : "the NVIDIA driver sees no device";
}

Answer open_plugin() {
  std::error_code ignored;
  const fs::path plugin =
      fs::read_symlink("/proc/self/exe", ignored).parent_path() / "liblorarun_cuda.so";
  if (!fs::exists(plugin, ignored)) {
    return {nullptr, "built without CUDA: " + plugin.string() + " is not there"};
  }
  void* handle = ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) { return {nullptr, "the CUDA plugin does not load: " + dl_reason()}; }
  const auto table = reinterpret_cast<const CudaOps* (*)()>(::dlsym(handle, "lorarun_cuda_ops_v1"));
  const CudaOps* ops = usable(table != nullptr ? table() : nullptr);
  if (ops == nullptr) {
    return {nullptr, "the CUDA plugin is of another build than the program: build both again"};
  }
  return {ops, ""};
}

Answer look_for_gpu() {
  const std::string trouble = driver_trouble();
  return trouble.empty() ? open_plugin() : Answer{nullptr, trouble};
}

}  // namespace

const CudaOps* load_cuda_plugin(std::string& why_not) {
  static const Answer answer = look_for_gpu();
  why_not = answer.why_not;
  return answer.ops;
}

}  // namespace lorarun
