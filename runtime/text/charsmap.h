// SentencePiece's normalisation table, applied as transformers applies it.
//
// A spiece.model carries a "precompiled charsmap": a double-array trie (Aoe 1989)
// from UTF-8 strings to their replacements, NFKC with SentencePiece's own rules
// for white space and control characters.  The SentencePiece library replaces
// the longest match at each place; the tokenizers library, and with it every
// text embedding that transformers makes, works by grapheme:
//
//   a grapheme below 6 bytes with a match  ->  all of it becomes the shortest match's replacement
//   any other                              ->  the same rule for each of its code points
//
// Layout, little endian: uint32 bytes of the trie | its uint32 units | replacements, ended by 0.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lorarun {

class Charsmap {
 public:
  Charsmap() = default;  // changes nothing

  // Throws Error naming `place` when the layout does not fit.
  Charsmap(std::string_view precompiled, const std::string& place);

  // Takes and gives valid UTF-8.
  std::string normalize(std::string_view text) const;

 private:
  std::optional<std::string_view> replacement(std::string_view chunk) const;
  std::optional<uint32_t> first_match(std::string_view chunk) const;
  void add_code_points(std::string_view grapheme, std::string& result) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace lorarun
