#include "runtime/text/spiece_file.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/files.h"

namespace lorarun {

namespace {

// Field numbers of sentencepiece_model.proto.
constexpr uint64_t kNormalizerSpec = 3;  // of ModelProto
constexpr uint64_t kPrecompiledMap = 2;  // of NormalizerSpec
constexpr uint64_t kBytesWireType = 2;

struct Field {
  uint64_t number = 0, wire_type = 0;
  std::string_view value;  // the bytes of a length-delimited field
};

// Reads fields one after another; nullopt at the end or where the bytes make no sense.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size(); }

  std::optional<Field> next() {
    const auto key = varint();
    if (!key) { return std::nullopt; }
    Field field{*key >> 3, *key & 7, {}};
    if (!skip_value(field)) { return std::nullopt; }
    return field;
  }

 private:
  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) { return value; }
    }
    return std::nullopt;
  }

  bool skip_bytes(uint64_t count) {
    if (count > bytes_.size() - at_) { return false; }
    at_ += count;
    return true;
  }

  bool skip_value(Field& field) {
    switch (field.wire_type) {
      case 0:
        return varint().has_value();
      case 1:
        return skip_bytes(8);
      case 5:
        return skip_bytes(4);
      case kBytesWireType: {
        const auto length = varint();
        if (!length || !skip_bytes(*length)) { return false; }
        field.value = bytes_.substr(at_ - *length, *length);
        return true;
      }
      default:
        return false;
    }
  }

  std::string_view bytes_;
  size_t at_ = 0;
};

Error no_model(const fs::path& path) {
  return Error("this is not a SentencePiece model")
      .where(path.string())
      .fix("fetch spiece.model again");
}

// The bytes of one length-delimited field, or none.
std::string value_of(std::string_view message, uint64_t number, const fs::path& path) {
  FieldReader fields(message);
  std::string value;
  while (!fields.at_end()) {
    const auto field = fields.next();
    if (!field) { throw no_model(path); }
    if (field->number == number && field->wire_type == kBytesWireType) { value = field->value; }
  }
  return value;
}

}  // namespace

SpieceFile read_spiece_file(const fs::path& path) {
  SpieceFile file{read_text(path), {}};
  if (file.bytes.empty()) { throw no_model(path); }
  const std::string normalizer = value_of(file.bytes, kNormalizerSpec, path);
  file.charsmap = value_of(normalizer, kPrecompiledMap, path);
  return file;
}

}  // namespace lorarun
