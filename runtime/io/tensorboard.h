// TensorBoard event files, written without TensorFlow.
//
//   record = length (u64), masked CRC-32C of it, data, masked CRC-32C of the data
//   data   = Event protocol buffer: wall time, step, one scalar or one PNG
//
// Sources: TensorFlow's record_writer and event.proto; CRC-32C is RFC 3720's.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun {

// CRC-32C (Castagnoli) of the bytes.
uint32_t crc32c(std::string_view bytes);

class TensorboardFile {
 public:
  TensorboardFile() = default;

  // Starts a new file events.out.tfevents.<seconds>.<host>.<pid> in `folder`.
  explicit TensorboardFile(const fs::path& folder);
  ~TensorboardFile();
  TensorboardFile(TensorboardFile&& other) noexcept;
  TensorboardFile& operator=(TensorboardFile&& other) noexcept;

  void scalar(int64_t step, const std::string& tag, double value);
  void picture(int64_t step, const std::string& tag, int width, int height,
               const std::vector<uint8_t>& png);

  // Says that the run starts again at `step`: viewers drop what earlier files hold from there on.
  void forget_from(int64_t step);

 private:
  void record(std::string_view data);
  fs::path path_;
  int fd_ = -1;
};

}  // namespace lorarun
