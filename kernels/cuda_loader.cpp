#include "kernels/cuda_loader.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>

#include "kernels/cuda_driver.h"

namespace lorarun {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBuildAgain = "./lorarun --build-only";

struct Plugin {
  const CudaOps* ops = nullptr;
  std::string why_not;
};

std::string dl_reason() {
  const char* text = ::dlerror();
  return text != nullptr ? text : "unknown reason";
}

int take_folder_of_torch(dl_phdr_info* library, size_t, void* folder) {
  const fs::path path = library->dlpi_name;
  if (path.filename() != "libtorch_cpu.so") { return 0; }
  *static_cast<fs::path*>(folder) = path.parent_path();
  return 1;  // ends the search
}

// Where libtorch_cuda.so is: beside the libtorch_cpu.so of this process, else in LORARUN_TORCH_DIR.
// Two LibTorches of two builds in one process would crash it.
fs::path torch_cuda_path() {
  fs::path folder;
  dl_iterate_phdr(take_folder_of_torch, &folder);
  const char* given = std::getenv("LORARUN_TORCH_DIR");
  std::error_code ignored;
  const bool is_beside = !folder.empty() && fs::exists(folder / "libtorch_cuda.so", ignored);
  if (!is_beside && given != nullptr) { folder = fs::path(given) / "lib"; }
  return folder / "libtorch_cuda.so";
}

// "libcudnn.so.9" of "libcudnn.so.9: cannot open shared object file: No such file or directory".
std::string missing_library(const std::string& reason) {
  const size_t colon = reason.find(": cannot open shared object file");
  return colon == std::string::npos ? "" : reason.substr(0, colon);
}

std::string remedy_of_libraries() {
  if (std::getenv("LORARUN_TORCH_DIR") != nullptr) {
    return "install what torch needs beside it: pip install torch==2.11.0 brings all of it";
  }
  return std::string(kBuildAgain) + " fetches the CUDA libraries of LibTorch that are missing";
}

CudaLibraries does_not_load(const fs::path& path, const std::string& reason) {
  const std::string missing = missing_library(reason), remedy = remedy_of_libraries();
  if (missing.empty()) { return {"LibTorch's CUDA half does not load: " + reason, remedy, path}; }
  if (missing == path) { return {"LibTorch's CUDA half is not there: " + missing, remedy, path}; }
  return {missing + " is missing, which LibTorch's CUDA half needs beside the driver", remedy,
          path};
}

CudaLibraries open_libraries() {
  const CudaDriver& driver = cuda_driver();
  if (!driver.trouble.empty()) { return {driver.trouble, driver.remedy, ""}; }
  const fs::path path = torch_cuda_path();
  if (::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return does_not_load(path, dl_reason());
  }
  return {"", "", path};
}

Plugin open_plugin() {
  if (!load_cuda_libraries().trouble.empty()) { return {nullptr, load_cuda_libraries().trouble}; }
  std::error_code ignored;
  const std::string path = cuda_plugin_path();
  if (!fs::exists(path, ignored)) { return {nullptr, "it was not built: no " + path}; }
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) { return {nullptr, "it does not load: " + dl_reason()}; }
  const auto table = reinterpret_cast<const CudaOps* (*)()>(::dlsym(handle, "lorarun_cuda_ops_v1"));
  const CudaOps* ops = usable(table != nullptr ? table() : nullptr);
  if (ops != nullptr) { return {ops, ""}; }
  return {nullptr,
          "it is of another build than the program; " + std::string(kBuildAgain) + " builds both"};
}

}  // namespace

const CudaLibraries& load_cuda_libraries() {
  static const CudaLibraries answer = open_libraries();
  return answer;
}

std::string cuda_plugin_path() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path() / "liblorarun_cuda.so";
}

const CudaOps* load_cuda_plugin(std::string& why_not) {
  static const Plugin answer = open_plugin();
  why_not = answer.why_not;
  return answer.ops;
}

}  // namespace lorarun
