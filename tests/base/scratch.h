// An empty folder of one test, removed at its end.

#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "runtime/base/files.h"

namespace lorarun {

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

}  // namespace lorarun
