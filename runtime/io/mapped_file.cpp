#include "runtime/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"

namespace lorarun {
namespace {

Error cannot_open(const fs::path& path, int code) {
  Error error(std::string("cannot open the file: ") + std::strerror(code));
  error.where(path.string());
  return error;
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) { throw cannot_open(path, errno); }
  struct stat info {};
  int code = ::fstat(fd, &info) == 0 ? 0 : errno;
  if (code == 0 && !S_ISREG(info.st_mode)) { code = S_ISDIR(info.st_mode) ? EISDIR : EINVAL; }
  if (code == 0 && info.st_size > 0) {
    bytes_ = static_cast<size_t>(info.st_size);
    void* mapped = ::mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, 0);
    code = mapped == MAP_FAILED ? errno : 0;
    data_ = static_cast<const std::byte*>(mapped);
  }
  ::close(fd);
  if (code != 0) { throw cannot_open(path, code); }
}

MappedFile::~MappedFile() {
  if (bytes_ > 0) { ::munmap(const_cast<std::byte*>(data_), bytes_); }
}

}  // namespace lorarun
