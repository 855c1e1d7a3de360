#include "runtime/text/train_bpe.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/text/clip_words.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

using Pair = std::pair<int, int>;

struct Word {
  std::vector<int> symbols;
  int64_t count = 0;
};

// The state of training: words in symbols, and where each pair of neighbours occurs.
class PairMerger {
 public:
  explicit PairMerger(const std::map<std::string, int64_t>& counts) {
    for (const char* end : {"", kClipWordEnd}) {
      for (const unsigned char byte : bytes_in_vocab_order()) { id_of(byte_letters()[byte] + end); }
    }
    for (const auto& [word, count] : counts) { add_word(word, count); }
  }

  // Merges the most frequent pair.  Gives false when none occurs twice.
  bool merge_next() {
    const Pair best = most_frequent();
    if (best.first < 0) { return false; }
    const int merged = id_of(texts_[best.first] + texts_[best.second]);
    merges_.push_back(best);
    const std::set<size_t> places = places_[best];
    for (const size_t word : places) { replace_in(word, best, merged); }
    return true;
  }

  const std::vector<std::string>& texts() const { return texts_; }

  std::string merges_text() const {
    std::string text = "#version: 0.2\n";
    for (const auto& [left, right] : merges_) { text += texts_[left] + " " + texts_[right] + "\n"; }
    return text;
  }

 private:
  // Two merges may spell one token: a + bc and ab + c.
  int id_of(const std::string& text) {
    const auto [at, is_new] = ids_.emplace(text, static_cast<int>(texts_.size()));
    if (is_new) { texts_.push_back(text); }
    return at->second;
  }

  void add_word(const std::string& word, int64_t count) {
    Word entry{{}, count};
    for (size_t i = 0; i < word.size(); ++i) {
      const bool last = i + 1 == word.size();
      entry.symbols.push_back(place_of(static_cast<unsigned char>(word[i])) + (last ? 256 : 0));
    }
    words_.push_back(std::move(entry));
    count_pairs(words_.size() - 1, +1);
  }

  static int place_of(unsigned char byte) {
    const auto& order = bytes_in_vocab_order();
    return static_cast<int>(std::find(order.begin(), order.end(), byte) - order.begin());
  }

  void count_pairs(size_t word, int sign) {
    const Word& entry = words_[word];
    for (size_t i = 0; i + 1 < entry.symbols.size(); ++i) {
      const Pair pair{entry.symbols[i], entry.symbols[i + 1]};
      const int64_t left = counts_[pair] += sign * entry.count;
      if (sign > 0) { places_[pair].insert(word); }
      if (left == 0) {
        counts_.erase(pair);
        places_.erase(pair);
      }
    }
  }

  Pair most_frequent() const {
    Pair best{-1, -1};
    int64_t most = 1;  // a pair seen once is no pattern
    for (const auto& [pair, count] : counts_) {
      if (count > most || (count == most && best.first >= 0 && sorts_before(pair, best))) {
        best = pair;
        most = count;
      }
    }
    return best;
  }

  bool sorts_before(const Pair& a, const Pair& b) const {
    return std::tie(texts_[a.first], texts_[a.second]) <
           std::tie(texts_[b.first], texts_[b.second]);
  }

  void replace_in(size_t word, const Pair& pair, int merged) {
    count_pairs(word, -1);
    std::vector<int> replaced;
    const std::vector<int>& old = words_[word].symbols;
    for (size_t i = 0; i < old.size(); ++i) {
      const bool here = i + 1 < old.size() && old[i] == pair.first && old[i + 1] == pair.second;
      replaced.push_back(here ? merged : old[i]);
      if (here) { ++i; }
    }
    words_[word].symbols = std::move(replaced);
    count_pairs(word, +1);
  }

  std::vector<std::string> texts_;  // by id
  std::map<std::string, int> ids_;
  std::vector<Pair> merges_;
  std::vector<Word> words_;
  std::map<Pair, int64_t> counts_;
  std::map<Pair, std::set<size_t>> places_;  // words that hold the pair, and some that did
};

std::map<std::string, int64_t> count_words(const std::vector<std::string>& sentences) {
  std::map<std::string, int64_t> counts;
  for (size_t i = 0; i < sentences.size(); ++i) {
    expect_utf8(sentences[i], "training sentence " + std::to_string(i + 1));
    for (const std::string& word : split_clip_words(normalize_clip(sentences[i]))) {
      ++counts[word];
    }
  }
  return counts;
}

void write_settings(const fs::path& folder) {
  const OrderedJson roles = {{"bos_token", kClipStart},
                             {"eos_token", kClipEnd},
                             {"unk_token", kClipEnd},
                             {"pad_token", kClipEnd}};
  OrderedJson config = {{"tokenizer_class", "CLIPTokenizer"}, {"model_max_length", 77}};
  config.update(roles);
  write_atomically(folder / "special_tokens_map.json", roles.dump(2) + "\n");
  write_atomically(folder / "tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace

int train_clip_bpe(const std::vector<std::string>& sentences, int vocab_size,
                   const fs::path& folder) {
  if (vocab_size < kSmallestClipVocabulary) {
    throw Error("a CLIP vocabulary of " + std::to_string(vocab_size) + " tokens is too small")
        .where(folder.string())
        .fix("ask for at least " + std::to_string(kSmallestClipVocabulary) +
             ": 256 bytes, as many word ends, 2 special tokens");
  }
  PairMerger merger(count_words(sentences));
  while (static_cast<int>(merger.texts().size()) < vocab_size - 2 && merger.merge_next()) {}
  OrderedJson vocabulary = OrderedJson::object();
  int next = 0;
  for (const std::string& text : merger.texts()) { vocabulary[text] = next++; }
  vocabulary[kClipStart] = next++;
  vocabulary[kClipEnd] = next++;
  make_folder(folder);
  write_atomically(folder / "vocab.json", to_line(vocabulary) + "\n");
  write_atomically(folder / "merges.txt", merger.merges_text());
  write_settings(folder);
  return next;
}

}  // namespace lorarun
