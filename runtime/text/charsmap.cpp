#include "runtime/text/charsmap.h"

#include <utf8proc.h>

#include <cstring>

#include "runtime/base/error.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

// The fields of a trie unit, as the Darts-clone library packs them.
bool has_leaf(uint32_t unit) {
  return (unit >> 8) & 1;
}
uint32_t leaf_value(uint32_t unit) {
  return unit & 0x7FFFFFFFu;
}
uint32_t label(uint32_t unit) {
  return unit & 0x800000FFu;
}
uint32_t offset(uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200u) >> 6);
}

std::vector<std::string_view> graphemes(std::string_view text) {
  std::vector<std::string_view> all;
  utf8proc_int32_t state = 0;
  size_t start = 0, at = 0;
  char32_t previous = 0;
  std::string encoded;
  for (const char32_t code_point : to_code_points(text)) {
    if (at > start &&
        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous),
                                         static_cast<utf8proc_int32_t>(code_point), &state)) {
      all.push_back(text.substr(start, at - start));
      start = at;
    }
    encoded.clear();
    append_utf8(encoded, code_point);
    at += encoded.size();
    previous = code_point;
  }
  if (at > start) { all.push_back(text.substr(start, at - start)); }
  return all;
}

}  // namespace

Charsmap::Charsmap(std::string_view precompiled, const std::string& place) {
  if (precompiled.empty()) { return; }
  uint32_t trie_bytes = 0;
  if (precompiled.size() > sizeof(trie_bytes)) {
    std::memcpy(&trie_bytes, precompiled.data(), sizeof(trie_bytes));
  }
  if (trie_bytes == 0 || trie_bytes % 4 != 0 ||
      trie_bytes > precompiled.size() - sizeof(trie_bytes)) {
    throw Error("the model's normalisation table is broken")
        .where(place)
        .fix("fetch spiece.model again");
  }
  units_.resize(trie_bytes / 4);
  std::memcpy(units_.data(), precompiled.data() + sizeof(trie_bytes), trie_bytes);
  replacements_ = precompiled.substr(sizeof(trie_bytes) + trie_bytes);
}

std::string Charsmap::normalize(std::string_view text) const {
  constexpr size_t kLongGraphemeBytes = 6;
  if (units_.empty()) { return std::string(text); }
  std::string result;
  for (const std::string_view grapheme : graphemes(text)) {
    const auto whole = grapheme.size() < kLongGraphemeBytes ? replacement(grapheme) : std::nullopt;
    if (whole) {
      result += *whole;
    } else {
      add_code_points(grapheme, result);
    }
  }
  return result;
}

void Charsmap::add_code_points(std::string_view grapheme, std::string& result) const {
  for (const char32_t code_point : to_code_points(grapheme)) {
    std::string one;
    append_utf8(one, code_point);
    result += replacement(one).value_or(one);
  }
}

std::optional<std::string_view> Charsmap::replacement(std::string_view chunk) const {
  const auto start = first_match(chunk);
  if (!start || *start >= replacements_.size()) { return std::nullopt; }
  return std::string_view(replacements_.c_str() + *start);
}

// Walks the trie along the chunk's bytes to the first key that ends.
std::optional<uint32_t> Charsmap::first_match(std::string_view chunk) const {
  uint32_t node = offset(units_[0]);
  for (const char c : chunk) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) { return std::nullopt; }
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) { return std::nullopt; }
    const uint32_t unit = units_[node];
    node ^= offset(unit);
    if (has_leaf(unit) && node < units_.size()) { return leaf_value(units_[node]); }
  }
  return std::nullopt;
}

}  // namespace lorarun
