// UTF-8: the one text encoding of captions, prompts and vocabularies.
//
// Text from outside passes expect_utf8() once; everything behind it may assume
// whole, valid code points.

#pragma once

#include <string>
#include <string_view>

namespace lorarun {

// Throws Error naming `place` and the byte offset where `text` stops being UTF-8
// (overlong forms, surrogates and values above U+10FFFF count as broken).
void expect_utf8(std::string_view text, const std::string& place);

// The code points of valid UTF-8 text.  Broken bytes are our bug (LR_CHECK).
std::u32string to_code_points(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);
std::string to_utf8(std::u32string_view code_points);

}  // namespace lorarun
