#include "runtime/text/utf8.h"

#include <utf8proc.h>

#include <array>
#include <cstdio>

#include "runtime/base/error.h"

namespace lorarun {

namespace {

// Reads the code point at `at`.  Gives its bytes, or 0 where the text is broken.
int64_t read_code_point(std::string_view text, size_t at, char32_t& code_point) {
  utf8proc_int32_t value = -1;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                      static_cast<utf8proc_ssize_t>(text.size() - at), &value);
  if (bytes <= 0 || value < 0) { return 0; }
  code_point = static_cast<char32_t>(value);
  return bytes;
}

std::string in_hex(unsigned char byte) {
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "0x%02X", byte);
  return digits.data();
}

}  // namespace

void expect_utf8(std::string_view text, const std::string& place) {
  char32_t code_point = 0;
  for (size_t at = 0; at < text.size();) {
    const int64_t bytes = read_code_point(text, at, code_point);
    if (bytes == 0) {
      throw Error("this text is not UTF-8: byte " + in_hex(static_cast<unsigned char>(text[at])) +
                  " at offset " + std::to_string(at))
          .where(place)
          .fix(
              "save it as UTF-8; from Windows or Latin-1: iconv -f WINDOWS-1252 -t UTF-8 OLD > "
              "NEW");
    }
    at += static_cast<size_t>(bytes);
  }
}

std::u32string to_code_points(std::string_view text) {
  std::u32string code_points;
  code_points.reserve(text.size());
  char32_t code_point = 0;
  for (size_t at = 0; at < text.size();) {
    const int64_t bytes = read_code_point(text, at, code_point);
    LR_CHECK(bytes > 0, "text that was not checked by expect_utf8()");
    code_points.push_back(code_point);
    at += static_cast<size_t>(bytes);
  }
  return code_points;
}

void append_utf8(std::string& text, char32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(count));
}

std::string to_utf8(std::u32string_view code_points) {
  std::string text;
  for (const char32_t code_point : code_points) { append_utf8(text, code_point); }
  return text;
}

}  // namespace lorarun
