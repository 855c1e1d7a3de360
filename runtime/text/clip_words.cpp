#include "runtime/text/clip_words.h"

#include <utf8proc.h>

#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

enum class CharClass { letter, number, space, other };

CharClass class_of(char32_t code_point) {
  if (is_white_space(code_point)) { return CharClass::space; }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::number;
    default:
      return CharClass::other;
  }
}

std::string compose(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  const auto bytes =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  LR_CHECK(bytes >= 0, "text that was not checked by expect_utf8()");
  std::string result(reinterpret_cast<char*>(composed), static_cast<size_t>(bytes));
  std::free(composed);
  return result;
}

// Only U+0130 has a lower case of two code points (Unicode's SpecialCasing.txt).
void append_lower(std::string& text, char32_t code_point) {
  if (code_point == U'\u0130') {
    text += "i\u0307";
  } else {
    append_utf8(text,
                static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point))));
  }
}

// Length of the fixed word that starts at `at`, or 0.
size_t fixed_word(std::u32string_view text, size_t at) {
  for (const std::u32string_view word : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    if (text.substr(at, word.size()) == word) { return word.size(); }
  }
  return 0;
}

size_t run_of(std::u32string_view text, size_t at) {
  const CharClass kind = class_of(text[at]);
  size_t end = at + 1;
  while (kind != CharClass::number && end < text.size() && class_of(text[end]) == kind) { ++end; }
  return end - at;
}

// A special token's name that was not meant as one counts as three words.
size_t add_named_token(std::u32string_view text, size_t at, std::vector<std::string>& words) {
  for (const std::u32string_view name : {U"startoftext", U"endoftext"}) {
    const std::u32string whole = U"<|" + std::u32string(name) + U"|>";
    if (text.substr(at, whole.size()) != whole) { continue; }
    words.insert(words.end(), {"<|", to_utf8(name), "|>"});
    return whole.size();
  }
  return 0;
}

bool is_printable_byte(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

}  // namespace

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string normalize_clip(std::string_view text) {
  std::string result;
  bool in_space = false;
  for (const char32_t code_point : to_code_points(compose(text))) {
    const bool space = is_white_space(code_point);
    if (space && !in_space) { result += ' '; }
    if (!space) { append_lower(result, code_point); }
    in_space = space;
  }
  return result;
}

std::vector<std::string> split_clip_words(std::string_view normalized) {
  const std::u32string text = to_code_points(normalized);
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (const size_t length = add_named_token(text, at, words)) {
      at += length;
      continue;
    }
    const size_t fixed = fixed_word(text, at);
    const size_t length = fixed ? fixed : run_of(text, at);
    if (class_of(text[at]) != CharClass::space) {
      words.push_back(to_utf8(std::u32string_view(text).substr(at, length)));
    }
    at += length;
  }
  return words;
}

const std::array<unsigned char, 256>& bytes_in_vocab_order() {
  static const std::array<unsigned char, 256> order = [] {
    std::array<unsigned char, 256> bytes{};
    size_t next = 0;
    for (const bool printable : {true, false}) {
      for (int byte = 0; byte < 256; ++byte) {
        if (is_printable_byte(byte) == printable) {
          bytes[next++] = static_cast<unsigned char>(byte);
        }
      }
    }
    return bytes;
  }();
  return order;
}

const std::array<std::string, 256>& byte_letters() {
  static const std::array<std::string, 256> letters = [] {
    std::array<std::string, 256> all;
    char32_t substitute = 256;  // unprintable bytes take the code points from 256 on
    for (int byte = 0; byte < 256; ++byte) {
      append_utf8(all[byte], is_printable_byte(byte) ? static_cast<char32_t>(byte) : substitute++);
    }
    return all;
  }();
  return letters;
}

const std::unordered_map<std::string, unsigned char>& bytes_of_letters() {
  static const std::unordered_map<std::string, unsigned char> bytes = [] {
    std::unordered_map<std::string, unsigned char> all;
    for (int byte = 0; byte < 256; ++byte) {
      all.emplace(byte_letters()[byte], static_cast<unsigned char>(byte));
    }
    return all;
  }();
  return bytes;
}

}  // namespace lorarun
