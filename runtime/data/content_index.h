// Content hashes of files, remembered by (path, size, time of change), so that a
// second start does not read every picture again.

#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace lorarun::data {

class ContentIndex {
 public:
  // `file` keeps the index between starts; empty: only in memory.
  explicit ContentIndex(std::filesystem::path file = {});

  // SHA-256 of the file's bytes.  Safe from several threads.
  std::string hash_of(const std::filesystem::path& path);

  // True when the file is remembered as it is now.
  bool knows(const std::filesystem::path& path);
  void forget(const std::filesystem::path& path);

  void save() const;  // atomically; does nothing when nothing was added

 private:
  struct Known {
    int64_t bytes = 0, changed_ns = 0;
    std::string hash;
  };
  static Known state_of(const std::filesystem::path& path);  // size and time of change, no hash

  std::filesystem::path file_;
  std::map<std::string, Known> known_;
  std::mutex guard_;
  bool changed_ = false;
};

}  // namespace lorarun::data
