// CLIP's byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; vocabulary of
// Radford et al. 2021, arXiv:2103.00020).
//
// A word starts as its bytes' letters, the last one with </w>.  The pair of
// neighbours whose merge stands first in merges.txt becomes one symbol (at equal
// rank the leftmost), until no pair has a merge.  Words repeat, so their ids are kept.

#include <mutex>
#include <queue>
#include <shared_mutex>
#include <sstream>
#include <unordered_map>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/text/clip_words.h"
#include "runtime/text/special_tokens.h"
#include "runtime/text/tokenizer.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

using Vocabulary = std::unordered_map<std::string, int64_t>;

struct Merge {
  int64_t rank = 0;
  int64_t id = 0;  // of the merged symbol
};
using Merges = std::unordered_map<uint64_t, Merge>;

uint64_t pair_key(int64_t left, int64_t right) {
  return (static_cast<uint64_t>(left) << 32) | static_cast<uint64_t>(right);
}

Error bad_vocabulary(const fs::path& path, const std::string& what) {
  return Error(what)
      .where(path.string())
      .fix("fetch the tokenizer folder again: vocab.json and merges.txt belong together");
}

int64_t checked_id(const fs::path& path, const std::string& token, const Json& id, size_t size) {
  if (!id.is_number_integer() || id.get<int64_t>() < 0 ||
      id.get<int64_t>() > static_cast<int64_t>(size) * 16) {
    throw bad_vocabulary(path, "token '" + token + "' has no proper id: " + to_line(id));
  }
  return id.get<int64_t>();
}

Vocabulary read_vocabulary(const fs::path& path) {
  const Json json = read_json(path);
  if (!json.is_object() || json.empty()) {
    throw bad_vocabulary(path, "the vocabulary is not a table of tokens and ids");
  }
  Vocabulary vocabulary;
  for (const auto& [token, id] : json.items()) {
    vocabulary.emplace(token, checked_id(path, token, id, json.size()));
  }
  return vocabulary;
}

Merge merge_of_line(const std::string& line, const Vocabulary& vocabulary, uint64_t& key) {
  const size_t space = line.find(' ');
  if (space == std::string::npos) { return {-1, -1}; }
  const auto left = vocabulary.find(line.substr(0, space));
  const auto right = vocabulary.find(line.substr(space + 1));
  const auto merged = vocabulary.find(line.substr(0, space) + line.substr(space + 1));
  const auto none = vocabulary.end();
  if (left == none || right == none || merged == none) { return {-1, -1}; }
  key = pair_key(left->second, right->second);
  return {0, merged->second};
}

Merges read_merges(const fs::path& path, const Vocabulary& vocabulary) {
  std::istringstream lines(read_text(path));
  Merges merges;
  int64_t rank = 0, number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') { line.pop_back(); }
    if (line.empty() || line.starts_with("#version")) { continue; }
    uint64_t key = 0;
    Merge merge = merge_of_line(line, vocabulary, key);
    if (merge.rank < 0) {
      throw bad_vocabulary(path, "line " + std::to_string(number) + " ('" + line +
                                     "') is no merge of two tokens of vocab.json");
    }
    merge.rank = rank++;
    merges.insert_or_assign(key, merge);
  }
  return merges;
}

// One word while it is being merged: symbols linked to their living neighbours.
class MergingWord {
 public:
  MergingWord(const std::vector<int64_t>& ids, const Merges& merges) : merges_(merges) {
    const auto count = static_cast<int64_t>(ids.size());
    for (int64_t i = 0; i < count; ++i) {
      symbols_.push_back({ids[i], i - 1, i + 1 < count ? i + 1 : -1});
    }
    for (int64_t i = 0; i < count; ++i) { offer(i); }
  }

  std::vector<int64_t> merge_all() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (still_there(best)) { apply(best); }
    }
    std::vector<int64_t> ids;
    for (int64_t at = symbols_.empty() ? -1 : 0; at >= 0; at = symbols_[at].next) {
      ids.push_back(symbols_[at].id);
    }
    return ids;
  }

 private:
  struct Symbol {
    int64_t id, previous, next;  // id -1: swallowed by its left neighbour
  };
  struct Candidate {
    int64_t rank, at, id;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };

  const Merge* merge_at(int64_t at) const {
    if (at < 0 || symbols_[at].id < 0 || symbols_[at].next < 0) { return nullptr; }
    const auto found = merges_.find(pair_key(symbols_[at].id, symbols_[symbols_[at].next].id));
    return found == merges_.end() ? nullptr : &found->second;
  }

  void offer(int64_t at) {
    if (const Merge* merge = merge_at(at)) { candidates_.push({merge->rank, at, merge->id}); }
  }

  bool still_there(const Candidate& candidate) const {
    const Merge* merge = merge_at(candidate.at);
    return merge && merge->id == candidate.id;
  }

  void apply(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.at];
    Symbol& right = symbols_[left.next];
    left.id = candidate.id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) { symbols_[left.next].previous = candidate.at; }
    offer(left.previous);
    offer(candidate.at);
  }

  const Merges& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

class ClipTokenizer : public Tokenizer {
 public:
  explicit ClipTokenizer(const fs::path& folder)
      : vocabulary_(read_vocabulary(folder / "vocab.json")),
        merges_(read_merges(folder / "merges.txt", vocabulary_)) {
    bos_ = special_token(folder, "bos_token", kClipStart);
    eos_ = special_token(folder, "eos_token", kClipEnd);
    unknown_ = special_token(folder, "unk_token", kClipEnd);
    pad_ = special_token(folder, "pad_token", kClipEnd);
    for (const auto& [token, id] : vocabulary_) {
      if (id >= static_cast<int64_t>(tokens_.size())) { tokens_.resize(id + 1); }
      tokens_[id] = token;
    }
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    expect_utf8(text, "the text to encode");
    std::vector<int64_t> ids{bos_};
    for (const TextPart& raw : split_at_special_tokens(text, special_tokens_, false)) {
      raw.id >= 0 ? ids.push_back(raw.id) : add_raw(raw.text, ids);
    }
    ids.push_back(eos_);
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    expect_ids(ids);
    std::string text;
    for (const int64_t id : ids) {
      if (!is_special(id)) { add_token_text(tokens_[id], text); }
    }
    while (!text.empty() && text.back() == ' ') { text.pop_back(); }
    return text;
  }

  int64_t pad_id() const override { return pad_; }
  int64_t eos_id() const override { return eos_; }
  int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }

 private:
  // A later role's entry replaces an earlier one of the same name.
  int64_t special_token(const fs::path& folder, const std::string& role, const char* standard) {
    const SpecialTokenRole read = read_special_token(folder, role, standard);
    const auto at = vocabulary_.find(read.content);
    if (at == vocabulary_.end()) {
      throw bad_vocabulary(folder / "vocab.json", role + " '" + read.content + "' is not in it");
    }
    std::erase_if(special_tokens_, [&](const auto& token) { return token.id == at->second; });
    special_tokens_.push_back({read.content, at->second, read.normalized});
    return at->second;
  }

  bool is_special(int64_t id) const {
    for (const SpecialToken& token : special_tokens_) {
      if (token.id == id) { return true; }
    }
    return false;
  }

  void add_raw(std::string_view raw, std::vector<int64_t>& ids) const {
    const std::string normalized = normalize_clip(raw);
    for (const TextPart& part : split_at_special_tokens(normalized, special_tokens_, true)) {
      if (part.id >= 0) {
        ids.push_back(part.id);
        continue;
      }
      for (const std::string& word : split_clip_words(part.text)) { add_word(word, ids); }
    }
  }

  void add_word(const std::string& word, std::vector<int64_t>& ids) const {
    {
      const std::shared_lock lock(cache_mutex_);
      if (const auto known = cache_.find(word); known != cache_.end()) {
        ids.insert(ids.end(), known->second.begin(), known->second.end());
        return;
      }
    }
    const std::vector<int64_t> merged = MergingWord(letters_of(word), merges_).merge_all();
    ids.insert(ids.end(), merged.begin(), merged.end());
    const std::unique_lock lock(cache_mutex_);
    if (cache_.size() < kMostCachedWords) { cache_.emplace(word, merged); }
  }

  std::vector<int64_t> letters_of(const std::string& word) const {
    std::vector<int64_t> ids;
    for (size_t i = 0; i < word.size(); ++i) {
      std::string letter = byte_letters()[static_cast<unsigned char>(word[i])];
      if (i + 1 == word.size()) { letter += kClipWordEnd; }
      const auto at = vocabulary_.find(letter);
      ids.push_back(at == vocabulary_.end() ? unknown_ : at->second);
    }
    return ids;
  }

  static void add_token_text(const std::string& token, std::string& text) {
    const bool ends_word = token.ends_with(kClipWordEnd);
    const size_t letters_end = ends_word ? token.size() - 4 : token.size();
    for (const char32_t letter : to_code_points(std::string_view(token).substr(0, letters_end))) {
      const auto byte = bytes_of_letters().find(to_utf8(std::u32string(1, letter)));
      if (byte != bytes_of_letters().end()) { text += static_cast<char>(byte->second); }
    }
    if (ends_word) { text += ' '; }
  }

  static constexpr size_t kMostCachedWords = 200000;

  Vocabulary vocabulary_;
  Merges merges_;
  std::vector<std::string> tokens_;  // by id
  std::vector<SpecialToken> special_tokens_;
  int64_t bos_ = 0, eos_ = 0, unknown_ = 0, pad_ = 0;
  mutable std::shared_mutex cache_mutex_;
  mutable std::unordered_map<std::string, std::vector<int64_t>> cache_;
};

}  // namespace

std::unique_ptr<Tokenizer> open_clip_tokenizer(const fs::path& folder) {
  return std::make_unique<ClipTokenizer>(folder);
}

}  // namespace lorarun
