#include "kernels/cuda_driver.h"

#include <dlfcn.h>

#include <cctype>
#include <cstdlib>
#include <fstream>

namespace lorarun {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGetADriver = "install the NVIDIA driver, release 580 or newer";
constexpr int kMajorAttribute = 75,
              kMinorAttribute = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*

struct ErrorWords {
  int code;
  const char* words;
  const char* remedy;
};

constexpr ErrorWords kErrors[] = {
    {3, "it is not initialised", "restart the machine, or the container with --gpus all"},
    {34, "libcuda.so.1 is a toolkit's stub and no driver",
     "take its folder out of LD_LIBRARY_PATH"},
    {46, "every card is busy", "see nvidia-smi for who uses them"},
    {100, "it sees no card", "see whether nvidia-smi lists one; a container needs --gpus all"},
    {101, "there is no card of that number", "see CUDA_VISIBLE_DEVICES"},
    {304, "the operating system refused a call", "see the permissions of /dev/nvidia*"},
    {802, "the system is not ready",
     "machines with NVLink switches need nvidia-fabricmanager of the driver's release running"},
    {803, "its kernel module and libcuda.so.1 are of two releases",
     "restart the machine after an update of the driver; in a container, remove cuda-compat"},
    {804, "this card cannot run a libcuda.so.1 that is newer than its kernel module",
     "remove cuda-compat, and update the driver itself"},
    {999, "it failed for an unknown reason", "sudo modprobe nvidia_uvm, or restart the machine"},
};

const ErrorWords* find_error(int code) {
  for (const ErrorWords& one : kErrors) {
    if (one.code == code) { return &one; }
  }
  return nullptr;
}

std::string first_word(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// "580.95.05" out of "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue …"
std::string release_of_kernel_module() {
  std::ifstream file("/proc/driver/nvidia/version");
  for (std::string word; file >> word;) {
    if (std::isdigit(static_cast<unsigned char>(word[0])) && word.find('.') != std::string::npos) {
      return word;
    }
  }
  return "";
}

// The functions of libcuda.so.1 that are called; null where it lacks one.
struct Library {
  template <typename F>
  void find(F*& function, const char* name) const {
    function = reinterpret_cast<F*>(::dlsym(handle, name));
  }

  void* handle = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  std::string reason;  // why it did not open
  int (*version)(int*) = nullptr;
  int (*init)(unsigned) = nullptr;
  int (*count)(int*) = nullptr;
  int (*device)(int*, int) = nullptr;
  int (*name)(char*, int, int) = nullptr;
  int (*memory)(size_t*, int) = nullptr;
  int (*attribute)(int*, int, int) = nullptr;
};

Library open_library() {
  Library cuda;
  if (cuda.handle == nullptr) {
    const char* reason = ::dlerror();
    cuda.reason = reason != nullptr ? reason : "unknown reason";
    return cuda;
  }
  cuda.find(cuda.version, "cuDriverGetVersion");
  cuda.find(cuda.init, "cuInit");
  cuda.find(cuda.count, "cuDeviceGetCount");
  cuda.find(cuda.device, "cuDeviceGet");
  cuda.find(cuda.name, "cuDeviceGetName");
  cuda.find(cuda.memory, "cuDeviceTotalMem_v2");
  cuda.find(cuda.attribute, "cuDeviceGetAttribute");
  return cuda;
}

CudaCard read_card(const Library& cuda, int number) {
  CudaCard card;
  int device = 0;
  if (cuda.device == nullptr || cuda.device(&device, number) != 0) { return card; }
  char name[256] = "";
  size_t bytes = 0;
  if (cuda.name != nullptr && cuda.name(name, sizeof name, device) == 0) { card.name = name; }
  if (cuda.memory != nullptr && cuda.memory(&bytes, device) == 0) {
    card.memory_bytes = static_cast<int64_t>(bytes);
  }
  if (cuda.attribute != nullptr) {
    cuda.attribute(&card.major, kMajorAttribute, device);
    cuda.attribute(&card.minor, kMinorAttribute, device);
  }
  return card;
}

CudaDriver refused(CudaDriver driver, std::string trouble, std::string remedy) {
  driver.trouble = std::move(trouble);
  driver.remedy = std::move(remedy);
  return driver;
}

CudaDriver refused(CudaDriver driver, int code) {
  const ErrorWords* known = find_error(code);
  return refused(std::move(driver),
                 "the NVIDIA driver does not start: " + words_of_cuda_error(code),
                 known != nullptr ? known->remedy : "see what nvidia-smi says");
}

CudaDriver does_not_load(CudaDriver driver, const std::string& reason) {
  driver.is_there = true;
  return refused(std::move(driver), "libcuda.so.1 does not load: " + reason, kGetADriver);
}

CudaDriver without_library(CudaDriver driver) {
  if (!driver.release.empty()) {
    driver.is_there = true;
    return refused(std::move(driver),
                   "the NVIDIA kernel module is loaded, but libcuda.so.1 is not there",
                   "install the driver's libraries (libcuda1); a container needs --gpus all");
  }
  if (has_nvidia_card()) {
    driver.is_there = true;
    return refused(std::move(driver), "this machine has an NVIDIA card and no driver for it",
                   kGetADriver);
  }
  return refused(std::move(driver), "no NVIDIA driver on this machine (libcuda.so.1 is not there)",
                 std::string("with a card, ") + kGetADriver + "; without one, device = \"cpu\"");
}

CudaDriver too_old(CudaDriver driver) {
  const std::string release = driver.release.empty() ? "" : " (release " + driver.release + ")";
  const std::string trouble = "the NVIDIA driver" + release + " is too old: it runs CUDA " +
                              words_of_cuda_version(driver.cuda_version) + ", and " +
                              words_of_cuda_version(kOldestCuda) + " is needed";
  return refused(std::move(driver), trouble, "update the driver to release 580 or newer");
}

CudaDriver without_cards(CudaDriver driver) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) { return refused(std::move(driver), 100); }
  return refused(
      std::move(driver),
      std::string("the NVIDIA driver shows no card: CUDA_VISIBLE_DEVICES is '") + visible + "'",
      "unset it, or name a card in it: CUDA_VISIBLE_DEVICES=0");
}

CudaDriver ask_driver() {
  CudaDriver driver;
  driver.release = release_of_kernel_module();
  const Library cuda = open_library();
  if (cuda.handle == nullptr) {
    const bool is_damaged = cuda.reason.find("No such file") == std::string::npos;
    return is_damaged ? does_not_load(driver, cuda.reason) : without_library(driver);
  }
  driver.is_there = true;
  if (cuda.version == nullptr || cuda.init == nullptr || cuda.count == nullptr) {
    return refused(driver, "libcuda.so.1 lacks cuInit: it is no driver", kGetADriver);
  }
  if (const int code = cuda.version(&driver.cuda_version)) { return refused(driver, code); }
  if (driver.cuda_version < kOldestCuda) { return too_old(driver); }
  const int started = cuda.init(0);
  if (started == 100) { return without_cards(driver); }
  if (started != 0) { return refused(driver, started); }
  int cards = 0;
  if (const int code = cuda.count(&cards)) { return refused(driver, code); }
  for (int i = 0; i < cards; ++i) { driver.cards.push_back(read_card(cuda, i)); }
  return cards > 0 ? driver : without_cards(driver);
}

}  // namespace

const CudaDriver& cuda_driver() {
  static const CudaDriver answer = ask_driver();
  return answer;
}

std::string card_trouble(const CudaCard& card) {
  if (card.major * 10 + card.minor >= kOldestCard) { return ""; }
  return card.name + " has compute capability " + std::to_string(card.major) + "." +
         std::to_string(card.minor) + "; CUDA 13 runs on 7.5 (Turing) and newer";
}

std::string words_of_cuda_error(int code) {
  const ErrorWords* known = find_error(code);
  const std::string number = "CUDA error " + std::to_string(code);
  return known != nullptr ? std::string(known->words) + " (" + number + ")" : number;
}

std::string words_of_cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

bool has_nvidia_card(const fs::path& pci_devices) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(pci_devices, ignored)) {
    const bool is_nvidia = first_word(entry.path() / "vendor") == "0x10de";
    if (is_nvidia && first_word(entry.path() / "class").starts_with("0x03")) { return true; }
  }
  return false;
}

}  // namespace lorarun
