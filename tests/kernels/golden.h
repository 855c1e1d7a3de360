// A reader of golden safetensors files for this room's tests, which stand below the io room.

#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/files.h"
#include "runtime/base/json.h"

namespace lorarun {

inline fs::path golden(const std::string& name) {
  return fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden" / name;
}

class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name) : bytes_(read_text(golden(name))) {
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, bytes_.data(), 8);
    header_ = Json::parse(bytes_.substr(8, header_bytes));
    data_ = 8 + header_bytes;
  }

  // All numbers of a tensor.
  template <typename Number>
  std::vector<Number> get(const std::string& name) const {
    const Json& offsets = header_.at(name).at("data_offsets");
    const size_t begin = offsets[0], end = offsets[1];
    std::vector<Number> values((end - begin) / sizeof(Number));
    std::memcpy(values.data(), bytes_.data() + data_ + begin, end - begin);
    return values;
  }

 private:
  std::string bytes_;
  Json header_;
  size_t data_ = 0;
};

}  // namespace lorarun
