// Tokenizers: text in, the ids that a text encoder was trained on out.
//
//   caption --encode()--> ids with special tokens --encode_padded()--> [length] ids
//
// The ids equal those of transformers 5.23 (CLIPTokenizer, T5Tokenizer) for the
// same folder; tests/golden/ holds what that library gave for nasty strings.
// A Tokenizer is immutable from outside: any thread may encode.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lorarun {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids of valid UTF-8 text with the special tokens around it, neither padded nor cut.
  // Throws Error with the byte offset when the text is not UTF-8.
  virtual std::vector<int64_t> encode(const std::string& text) const = 0;

  // Exactly `length` ids: padded with pad_id(), or cut so that the end token stays the last.
  // was_cut, if given, tells whether the end of the text was lost.
  std::vector<int64_t> encode_padded(const std::string& text, int64_t length,
                                     bool* was_cut = nullptr) const;

  // Text of ids without the special tokens.  Throws Error for ids outside the vocabulary.
  virtual std::string decode(const std::vector<int64_t>& ids) const = 0;

  virtual int64_t pad_id() const = 0;
  virtual int64_t eos_id() const = 0;
  virtual int64_t vocab_size() const = 0;  // ids are below this

 protected:
  void expect_ids(const std::vector<int64_t>& ids) const;  // throws Error naming the first bad id
};

// CLIP's byte-level BPE.  Folder: vocab.json, merges.txt, and, where present,
// tokenizer_config.json and special_tokens_map.json (which token pads).
// Throws Error when a file is missing or the merges do not fit the vocabulary.
std::unique_ptr<Tokenizer> open_clip_tokenizer(const std::filesystem::path& folder);

// T5's SentencePiece unigram model.  Folder: spiece.model, and, where present,
// tokenizer_config.json (extra_ids, default 100).
std::unique_ptr<Tokenizer> open_t5_tokenizer(const std::filesystem::path& folder);

}  // namespace lorarun
