// A small bitmap font: printable ASCII, 5 dots wide, 7 high and 2 below the line.

#pragma once

#include <array>
#include <cstdint>

namespace lorarun {

constexpr int kGlyphWidth = 5, kGlyphHeight = 9;
constexpr int kAdvance = 6, kLineHeight = 10;  // with the space between

// Rows from the top; bit 4 is the leftmost dot.
using Glyph = std::array<uint8_t, kGlyphHeight>;

// The glyph of a character; '?' for what is not printable ASCII.
const Glyph& glyph_of(char character);

}  // namespace lorarun
