#include "runtime/io/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"

namespace lorarun {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0U);
    }
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

uint32_t masked(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

template <typename Number>
std::string little_endian(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
static_assert(std::endian::native == std::endian::little);

// --- protocol buffer fields: (number << 3 | wire type), then the value

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) { bytes += static_cast<char>(value | 0x80); }
  return bytes + static_cast<char>(value);
}

std::string integer_field(int number, uint64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(value);
}
std::string double_field(int number, double value) {
  return varint(static_cast<uint64_t>(number) << 3 | 1) + little_endian(value);
}
std::string float_field(int number, float value) {
  return varint(static_cast<uint64_t>(number) << 3 | 5) + little_endian(value);
}
std::string bytes_field(int number, std::string_view bytes) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

// Event{1: wall_time, 2: step, 5: Summary{1: Value}}
std::string event_of(int64_t step, const std::string& value) {
  return double_field(1, unix_now_s()) + integer_field(2, static_cast<uint64_t>(step)) +
         bytes_field(5, bytes_field(1, value));
}

std::string host_name() {
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF];
  }
  return crc ^ 0xFFFFFFFFU;
}

TensorboardFile::TensorboardFile(const fs::path& folder) {
  make_folder(folder);
  path_ = folder / ("events.out.tfevents." + std::to_string(static_cast<int64_t>(unix_now_s())) +
                    "." + host_name() + "." + std::to_string(::getpid()));
  fd_ = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw Error(std::string("cannot create the file: ") + std::strerror(errno))
        .where(path_.string())
        .while_working();
  }
  record(double_field(1, unix_now_s()) + bytes_field(3, "brain.Event:2"));
}

TensorboardFile::~TensorboardFile() {
  if (fd_ >= 0) { ::close(fd_); }
}

TensorboardFile::TensorboardFile(TensorboardFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

TensorboardFile& TensorboardFile::operator=(TensorboardFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

void TensorboardFile::scalar(int64_t step, const std::string& tag, double value) {
  record(event_of(step, bytes_field(1, tag) + float_field(2, static_cast<float>(value))));
}

void TensorboardFile::picture(int64_t step, const std::string& tag, int width, int height,
                              const std::vector<uint8_t>& png) {
  constexpr uint64_t kRgb = 3;
  const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
  const std::string image = integer_field(1, static_cast<uint64_t>(height)) +
                            integer_field(2, static_cast<uint64_t>(width)) +
                            integer_field(3, kRgb) + bytes_field(4, bytes);
  record(event_of(step, bytes_field(1, tag) + bytes_field(4, image)));
}

void TensorboardFile::forget_from(int64_t step) {
  constexpr uint64_t kStart = 1;  // Event{7: SessionLog{1: status}}
  record(double_field(1, unix_now_s()) + integer_field(2, static_cast<uint64_t>(step)) +
         bytes_field(7, integer_field(1, kStart)));
}

void TensorboardFile::record(std::string_view data) {
  const std::string length = little_endian(static_cast<uint64_t>(data.size()));
  const std::string whole = length + little_endian(masked(crc32c(length))) + std::string(data) +
                            little_endian(masked(crc32c(data)));
  for (size_t at = 0; at < whole.size();) {
    const ssize_t n = ::write(fd_, whole.data() + at, whole.size() - at);
    if (n < 0 && errno == EINTR) { continue; }
    if (n < 0) {
      throw Error(std::string("cannot write: ") + std::strerror(errno))
          .where(path_.string())
          .while_working();
    }
    at += static_cast<size_t>(n);
  }
}

}  // namespace lorarun
