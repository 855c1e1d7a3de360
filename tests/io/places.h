// Where the tests of the io room read and write.

#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "tests/base/scratch.h"

namespace lorarun {

inline fs::path golden(const std::string& name) {
  return fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden" / name;
}

// The whole text of the Error that `act` throws; empty when it throws none.
template <typename Act>
std::string error_of(const Act& act) {
  try {
    act();
  } catch (const Error& error) { return error.what(); }
  return "";
}

}  // namespace lorarun
