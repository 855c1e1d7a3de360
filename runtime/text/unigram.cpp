#include "runtime/text/unigram.h"

#include <algorithm>
#include <utility>

namespace lorarun {

namespace {

constexpr double kUnknownPenalty = 10.0;  // SentencePiece's: below the least likely piece

bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

size_t code_point_bytes(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && !starts_code_point(text[end])) { ++end; }
  return end - at;
}

}  // namespace

Unigram::Unigram(std::vector<Piece> pieces, int64_t unknown_id)
    : pieces_(std::move(pieces)), unknown_id_(unknown_id) {
  double least = 0;
  for (size_t id = 0; id < pieces_.size(); ++id) {
    ids_.insert_or_assign(std::string_view(pieces_[id].text), static_cast<int64_t>(id));
    longest_piece_bytes_ = std::max(longest_piece_bytes_, pieces_[id].text.size());
    least = std::min(least, static_cast<double>(pieces_[id].score));
  }
  unknown_score_ = least - kUnknownPenalty;
}

std::vector<int64_t> Unigram::segment(std::string_view word) const {
  std::vector<Step> steps(word.size() + 1);  // the best way to reach each byte
  for (size_t start = 0; start < word.size(); start += code_point_bytes(word, start)) {
    extend(word, start, steps);
  }
  std::vector<int64_t> ids;
  for (auto at = static_cast<int64_t>(word.size()); at > 0; at = steps[at].from) {
    const bool in_unknown_run = !ids.empty() && ids.back() == unknown_id_;
    if (steps[at].id != unknown_id_ || !in_unknown_run) { ids.push_back(steps[at].id); }
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

// Tries every piece that starts at `start`; the unknown one, if none covers the code point alone.
void Unigram::extend(std::string_view word, size_t start, std::vector<Step>& steps) const {
  const size_t one = code_point_bytes(word, start);
  const size_t furthest = std::min(word.size(), start + longest_piece_bytes_);
  const auto reach = [&](size_t end, double score, int64_t id) {
    const double total = score + steps[start].score;
    if (steps[end].from < 0 || total > steps[end].score) {
      steps[end] = {total, static_cast<int64_t>(start), id};
    }
  };
  bool covered = false;
  for (size_t end = start + one; end <= furthest;) {
    const auto found = ids_.find(word.substr(start, end - start));
    if (found != ids_.end()) {
      reach(end, pieces_[found->second].score, found->second);
      covered = covered || end == start + one;
    }
    if (end == word.size()) { break; }
    end += code_point_bytes(word, end);
  }
  if (!covered) { reach(start + one, unknown_score_, unknown_id_); }
}

}  // namespace lorarun
