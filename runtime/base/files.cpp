#include "runtime/base/files.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "runtime/base/error.h"

namespace lorarun {
namespace {

Error system_error(const std::string& what, const fs::path& path, int code) {
  Error error(what + ": " + std::strerror(code));
  error.where(path.string()).while_working();
  if (code == ENOSPC || code == EDQUOT) {
    error.fix("the disk has " + std::to_string(free_disk_bytes(path) >> 20) +
              " MiB free; make room, then start the same command again: nothing was lost");
  } else if (code == EACCES || code == EPERM || code == EROFS) {
    error.fix("choose a folder you may write to (--runs DIR), or change its owner");
  }
  return error;
}

void write_all(int fd, const char* data, size_t bytes, const fs::path& path) {
  while (bytes > 0) {
    const ssize_t n = ::write(fd, data, std::min<size_t>(bytes, size_t{1} << 30));
    if (n < 0 && errno == EINTR) { continue; }
    if (n < 0) { throw system_error("cannot write", path, errno); }
    data += n;
    bytes -= static_cast<size_t>(n);
  }
}

// Where the last whole line ends.
off_t end_of_last_line(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::streamoff end = in ? static_cast<std::streamoff>(in.tellg()) : 0;
  for (; end > 0; --end) {
    in.seekg(end - 1);
    if (in.get() == '\n') { break; }
  }
  return end;
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw Error("this is a folder, not a file").where(path.string());
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw Error(std::string("cannot read the file: ") + std::strerror(errno)).where(path.string());
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  if (path_.has_parent_path()) { make_folder(path_.parent_path()); }
  temporary_ = path_;
  temporary_ += ".tmp-" + std::to_string(::getpid());
  fd_ = ::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd_ < 0) { throw system_error("cannot create the file", path_, errno); }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::write(const void* data, size_t bytes) {
  write_all(fd_, static_cast<const char*>(data), bytes, path_);
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) { throw system_error("cannot flush the file to disk", path_, errno); }
  const int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    ::unlink(temporary_.c_str());
    throw system_error("cannot put the file in its place", path_, code);
  }
  flush_folder(path_.parent_path());
}

void write_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

LineFile::LineFile(fs::path path) : path_(std::move(path)) {
  if (path_.has_parent_path()) { make_folder(path_.parent_path()); }
  fd_ = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) { throw system_error("cannot open the file", path_, errno); }
  if (::ftruncate(fd_, end_of_last_line(path_)) != 0) {
    throw system_error("cannot cut off the torn last line", path_, errno);
  }
}

LineFile::~LineFile() {
  if (fd_ >= 0) { ::close(fd_); }
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

void LineFile::append(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  write_all(fd_, whole.data(), whole.size(), path_);
}

void LineFile::flush_to_disk() {
  ::fdatasync(fd_);
}

void flush_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd >= 0) {
    ::fsync(fd);
    ::close(fd);
  }
}

void make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) { throw system_error("cannot make the folder", path, code.value()); }
}

uint64_t free_disk_bytes(const fs::path& path) {
  fs::path place = fs::absolute(path);
  std::error_code ignored;
  while (!fs::exists(place, ignored) && place.has_relative_path()) { place = place.parent_path(); }
  struct statvfs info {};
  if (::statvfs(place.c_str(), &info) != 0) { return 0; }
  return uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace lorarun
