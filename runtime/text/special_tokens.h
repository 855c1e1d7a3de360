// Special tokens: names such as <|endoftext|> that stand for one id and are
// never cut into pieces, wherever they appear in a text.
//
// Each is looked for in the raw text, or, when its entry says "normalized", in
// the normalised text (so that <|STARTOFTEXT|> counts as well).  At one place
// the longest name wins.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lorarun {

struct SpecialToken {
  std::string content;
  int64_t id = 0;
  bool normalized = false;
};

// A stretch of text: ordinary, or exactly one special token (then id >= 0).
struct TextPart {
  std::string_view text;
  int64_t id = -1;
};

// Cuts `text` at the tokens whose `normalized` is as asked.  Empty parts are left out.
std::vector<TextPart> split_at_special_tokens(std::string_view text,
                                              const std::vector<SpecialToken>& tokens,
                                              bool normalized);

// What the folder's tokenizer_config.json and special_tokens_map.json say about one role.
struct SpecialTokenRole {
  std::string content;
  bool normalized = false;
};

// Reads the token of `role` ("bos_token", "pad_token", …); `standard` where no file names it.
// Missing files are fine, broken ones throw Error.
SpecialTokenRole read_special_token(const std::filesystem::path& folder, const std::string& role,
                                    const std::string& standard);

}  // namespace lorarun
