// Files kept by content: what was computed once is found by the hash of what it was computed from.
//
//   folder/ab/cdef….safetensors      "abcdef…" = sha256 of (content, encoder)
//
// Invariant: a file under its name is whole.  Writers make a temporary beside
// it and rename, so two processes may fill one cache; the later one wins, with
// the same content.

#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "runtime/base/files.h"

namespace lorarun {

class BlobCache {
 public:
  // `extension` with its dot, such as ".safetensors".  The folder is made by the first put.
  explicit BlobCache(fs::path folder, std::string extension = ".safetensors");

  // Makes a key from what the content depends on; {"ab", "c"} and {"a", "bc"} differ.
  static std::string key_of(std::initializer_list<std::string_view> parts);

  // Where the blob of this key is, or will be.  Throws Error unless key is 64 hex digits.
  fs::path path_of(const std::string& key) const;

  bool has(const std::string& key) const;

  // Puts bytes under the key.
  void put(const std::string& key, std::string_view bytes) const;

  // Calls `writer` with a temporary path, then moves that file to its place.
  // When writer throws, nothing stays.
  void put(const std::string& key, const std::function<void(const fs::path&)>& writer) const;

  // Reads a blob.  Throws Error when it is not there.
  std::string get(const std::string& key) const;

  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
  std::string extension_;
};

}  // namespace lorarun
