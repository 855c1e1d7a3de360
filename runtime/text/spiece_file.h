// A spiece.model file, as far as the SentencePiece library does not show it.
//
// It is a protocol buffer (protobuf.dev/programming-guides/encoding): a row of
// fields, each a key (number * 8 + wire type) and a value.  lorarun normalises
// text itself (runtime/text/charsmap.h), so it needs the normaliser's table.

#pragma once

#include <filesystem>
#include <string>

namespace lorarun {

struct SpieceFile {
  std::string bytes;     // the whole file, for the SentencePiece library
  std::string charsmap;  // the normaliser's table; empty if there is none
};

// Throws Error when the file is missing or is no SentencePiece model.
SpieceFile read_spiece_file(const std::filesystem::path& path);

}  // namespace lorarun
