// Makes a small T5 vocabulary from sentences: SentencePiece's unigram model (Kudo 2018,
// arXiv:1804.10959), with T5's special ids (<pad> 0, </s> 1, <unk> 2, no <s>) and no sentinels.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lorarun {

struct SentencePieceOptions {
  int64_t max_length = 512;  // ids that a text is padded or cut to
  bool fold_case = false;    // "A Fox" is read as "a fox"
};

// Writes spiece.model and tokenizer_config.json into `folder`: the same bytes for the same
// sentences. Gives the vocabulary's size: at most vocab_size, less when the sentences have fewer
// pieces. Throws Error when the sentences are empty, not UTF-8, or hold too many different
// characters.
int train_sentencepiece(const std::vector<std::string>& sentences, int vocab_size,
                        const std::filesystem::path& folder,
                        const SentencePieceOptions& options = {});

}  // namespace lorarun
