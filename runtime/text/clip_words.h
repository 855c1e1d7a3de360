// How CLIP cuts a text into words before byte-pair encoding.
//
//   "It's  2 Cafés!" --normalize_clip()--> "it's 2 cafés!"
//                    --split_clip_words()--> it | 's | 2 | cafés | !
//
// normalize_clip: NFC, runs of white space to one space, lower case per code point.
// split_clip_words: the longest match of, in this order,
//   <|startoftext|>  <|endoftext|>  's 't 're 've 'm 'll 'd
//   letters (Unicode L) in a row | one number character (N) | other non-spaces in a row
// Each byte of a word is then one letter of an alphabet of 256 printable characters,
// so that no text is unknown (Radford et al. 2019, "Language Models are Unsupervised
// Multitask Learners"; the alphabet is that of GPT-2).

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lorarun {

// Both take valid UTF-8 (runtime/text/utf8.h).
std::string normalize_clip(std::string_view text);
std::vector<std::string> split_clip_words(std::string_view normalized);

// White space as Unicode's White_Space property has it.
bool is_white_space(char32_t code_point);

// The letter (a UTF-8 string) that stands for each byte, and back.
const std::array<std::string, 256>& byte_letters();
const std::unordered_map<std::string, unsigned char>& bytes_of_letters();

// The bytes in the order in which CLIP's vocabulary lists their letters: printable ones first.
const std::array<unsigned char, 256>& bytes_in_vocab_order();

inline constexpr const char* kClipWordEnd = "</w>";  // marks the last letter of a word
inline constexpr const char* kClipStart = "<|startoftext|>";
inline constexpr const char* kClipEnd = "<|endoftext|>";

}  // namespace lorarun
