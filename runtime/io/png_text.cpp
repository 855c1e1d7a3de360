// The text chunks of a PNG.
//
//   tEXt  key 0 text                                            Latin-1
//   zTXt  key 0 method zlib(text)                               Latin-1
//   iTXt  key 0 packed method language 0 key in it 0 text       UTF-8

#include <zlib.h>

#include <optional>

#include "runtime/base/error.h"
#include "runtime/io/image.h"
#include "runtime/io/mapped_file.h"
#include "runtime/io/png_chunks.h"

namespace lorarun {
namespace {

constexpr size_t kMaxTextBytes = size_t{64} << 20;  // a small chunk can unpack to gigabytes

std::string utf8_of_latin1(std::string_view latin1) {
  std::string text;
  for (const char c : latin1) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

// Nothing when the data are broken or too long.
std::optional<std::string> unpacked(std::string_view packed) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) { return std::nullopt; }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int status = Z_OK;
  while (status == Z_OK && text.size() < kMaxTextBytes) {
    char buffer[16384];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(buffer, sizeof buffer - stream.avail_out);
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END ? std::optional(text) : std::nullopt;
}

// Cuts off and gives what stands before the next zero byte.
std::string_view take_word(std::string_view& data) {
  const size_t end = std::min(data.find('\0'), data.size());
  const std::string_view word = data.substr(0, end);
  data.remove_prefix(std::min(end + 1, data.size()));
  return word;
}

std::optional<std::string> text_of_itxt(std::string_view data) {
  if (data.size() < 2) { return std::nullopt; }
  const bool packed = data[0] != 0;
  data.remove_prefix(2);
  take_word(data);  // the language
  take_word(data);  // the key in that language
  return packed ? unpacked(data) : std::string(data);
}

std::optional<std::string> text_of(std::string_view type, std::string_view data) {
  if (type == "tEXt") { return utf8_of_latin1(data); }
  if (type == "iTXt") { return text_of_itxt(data); }
  if (data.empty()) { return std::nullopt; }
  const auto text = unpacked(data.substr(1));
  return text ? std::optional(utf8_of_latin1(*text)) : std::nullopt;
}

}  // namespace

std::map<std::string, std::string> png_text(const fs::path& path) {
  const MappedFile file(path);
  if (!is_png(file.text())) { throw Error("this is not a PNG").where(path.string()); }
  std::map<std::string, std::string> texts;
  for_each_png_chunk(file.text(), [&](std::string_view type, std::string_view data) {
    if (type == "tEXt" || type == "zTXt" || type == "iTXt") {
      const std::string key(take_word(data));
      if (const auto text = text_of(type, data)) { texts[key] = *text; }
    }
    return true;
  });
  return texts;
}

}  // namespace lorarun
