// A machine with a driver, as the program sees it: stubs of tests/cli/stubs on the loader's path.
//
//   Machine machine;           a driver of CUDA 13 with one card, and LibTorch's own CUDA half
//   Machine machine(kMarks);   the CUDA half is a stub that tells when it was loaded
//   machine.set(name, value);  of the environment, as stubs/driver.cpp says
//
// LibTorch's half is looked for beside libtorch_cpu.so, so that one is preloaded by a link that
// lies beside a stub.  The environment is as before when the machine goes.

#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "tests/cli/run_program.h"

namespace lorarun::cli {

inline const fs::path kStubs = fs::path(LORARUN_BINARY_DIR) / "stubs";
inline const fs::path kMarks = kStubs / "torch/libtorch_cuda.so";
inline const fs::path kLacking = kStubs / "lacking/libtorch_cuda.so";

// The loader splits LD_PRELOAD at spaces: a folder whose path holds one is reached by a link.
inline fs::path without_spaces(const fs::path& folder) {
  if (folder.string().find(' ') == std::string::npos) { return folder; }
  static const Folder place;
  const fs::path link = place.path() / folder.filename();
  if (!fs::exists(link)) { fs::create_directory_symlink(folder, link); }
  return link;
}

class Machine {
 public:
  explicit Machine(const fs::path& torch_cuda = "") {
    set("LD_LIBRARY_PATH", (kStubs / "driver").string());
    if (torch_cuda.empty()) { return; }
    set("LD_PRELOAD", (without_spaces(torch_cuda.parent_path()) / "libtorch_cpu.so").string());
    set("STUB_TORCH_CUDA_MARK", mark().string());
  }

  ~Machine() {
    for (const auto& [name, value] : before_) { put(name, value); }
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void set(const std::string& name, const std::string& value) {
    const char* old = std::getenv(name.c_str());
    before_.emplace(name, old != nullptr ? std::optional<std::string>(old) : std::nullopt);
    setenv(name.c_str(), value.c_str(), 1);
  }

  // Whether the program has loaded the stub of LibTorch's CUDA half since the last question.
  bool was_loaded() const {
    std::error_code ignored;
    return fs::remove(mark(), ignored);
  }

 private:
  static void put(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      setenv(name.c_str(), value->c_str(), 1);
    } else {
      unsetenv(name.c_str());
    }
  }

  fs::path mark() const { return folder_.path() / "loaded"; }

  Folder folder_;
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace lorarun::cli
