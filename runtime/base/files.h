// Files that are either whole or not there.
//
// Everything a run leaves is written to `<name>.tmp-<pid>` beside its place,
// flushed to the disk and renamed: a kill at any moment leaves the old file or
// the new one, never half of one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lorarun {

namespace fs = std::filesystem;

// Reads a whole file.  Throws Error when it is missing or unreadable.
std::string read_text(const fs::path& path);

// A file that appears under its name only by commit().  Dropped without it, nothing stays.
class AtomicFile {
 public:
  // Makes missing folders.  Throws Error (exit code 1) when the place is not writable.
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data,
             size_t bytes);  // throws Error naming the free space when the disk is full
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();  // flush to disk, rename, flush the folder

 private:
  fs::path path_, temporary_;
  int fd_ = -1;
};

void write_atomically(const fs::path& path, std::string_view text);

// Appends `line` and a newline with one write, so that a kill tears at most the last line.
class LineFile {
 public:
  LineFile() = default;
  explicit LineFile(fs::path path);  // creates it; a torn last line of an earlier run is cut off
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;
  void append(std::string_view line);
  void flush_to_disk();

 private:
  fs::path path_;
  int fd_ = -1;
};

// Brings what was renamed into or within a folder to the disk, as far as the system lets us.
void flush_folder(const fs::path& folder);

// Makes a folder and its parents.  Throws Error (exit code 1) with the system's reason.
void make_folder(const fs::path& path);

// Bytes free for this user on the disk that holds `path` (or its nearest existing parent).
uint64_t free_disk_bytes(const fs::path& path);

}  // namespace lorarun
