// Makes a small CLIP vocabulary from sentences (Sennrich et al. 2016, arXiv:1508.07909).
//
//   sentences -> words with counts -> as long as there is room: the most frequent
//   pair of neighbours becomes a token -> vocab.json, merges.txt
//
// The ids are laid out as CLIP's: 256 byte letters, the same with </w>, the merges
// in their order, <|startoftext|>, <|endoftext|>.  So every text can be encoded,
// whatever the sentences were.  The result depends on the sentences' counts alone:
// of equally frequent pairs the one whose text sorts first is taken.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lorarun {

// Tokens that a CLIP vocabulary has before the first merge.
inline constexpr int kSmallestClipVocabulary = 2 * 256 + 2;

// Writes vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json into `folder`.
// Gives the vocabulary's size: vocab_size, or less when no pair occurs twice any more.
// Throws Error when vocab_size is below kSmallestClipVocabulary or a sentence is not UTF-8.
int train_clip_bpe(const std::vector<std::string>& sentences, int vocab_size,
                   const std::filesystem::path& folder);

}  // namespace lorarun
