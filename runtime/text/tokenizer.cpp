#include "runtime/text/tokenizer.h"

#include "runtime/base/error.h"

namespace lorarun {

std::vector<int64_t> Tokenizer::encode_padded(const std::string& text, int64_t length,
                                              bool* was_cut) const {
  LR_CHECK(length > 0, "a token sequence has at least one place");
  std::vector<int64_t> ids = encode(text);
  const bool too_long = static_cast<int64_t>(ids.size()) > length;
  if (was_cut) { *was_cut = too_long; }
  ids.resize(static_cast<size_t>(length), pad_id());
  if (too_long) { ids.back() = eos_id(); }
  return ids;
}

void Tokenizer::expect_ids(const std::vector<int64_t>& ids) const {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocab_size()) { continue; }
    throw Error("token id " + std::to_string(ids[i]) + " at position " + std::to_string(i) +
                " is outside the vocabulary of " + std::to_string(vocab_size()) + " tokens")
        .fix("decode with the tokenizer that made the ids");
  }
}

}  // namespace lorarun
