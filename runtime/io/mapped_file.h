// A file's bytes in the address space, read-only, fetched from the disk as they are touched.

#pragma once

#include <cstddef>
#include <string_view>

#include "runtime/base/files.h"

namespace lorarun {

class MappedFile {
 public:
  // Throws Error for a folder and for what cannot be opened.  An empty file maps to no bytes.
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), bytes_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace lorarun
