// Where the tests of the io room read and write.

#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/files.h"

namespace lorarun {

inline fs::path golden(const std::string& name) {
  return fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden" / name;
}

// An empty folder of this test, removed at its end.
class Scratch {
 public:
  Scratch() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        fs::temp_directory_path() / ("lorarun-" + std::to_string(::getpid()) + "-" + test->name());
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path operator/(const std::string& name) const { return folder_ / name; }
  const fs::path& path() const { return folder_; }

 private:
  fs::path folder_;
};

// The whole text of the Error that `act` throws; empty when it throws none.
template <typename Act>
std::string error_of(const Act& act) {
  try {
    act();
  } catch (const Error& error) { return error.what(); }
  return "";
}

}  // namespace lorarun
