// The best segmentation of a word under a unigram language model (Kudo 2018, arXiv:1804.10959).
//
// Every piece has a log probability; Viterbi's algorithm finds the cut with the
// largest sum.  Sums are kept in double and at equal sums the path found first
// stays (the one whose last piece is longest), as in the tokenizers library:
// the SentencePiece library adds in float and so breaks ties of long runs such
// as "--------" another way.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lorarun {

struct Piece {
  std::string text;
  float score = 0;  // natural logarithm of its probability
};

class Unigram {
 public:
  Unigram() = default;
  Unigram(const Unigram&) = delete;  // ids_ looks into pieces_
  Unigram(Unigram&&) = default;
  Unigram& operator=(Unigram&&) = default;

  // The id of a piece is its place in the list.
  Unigram(std::vector<Piece> pieces, int64_t unknown_id);

  // Ids of one word (valid UTF-8); code points that no piece covers give unknown_id, one for a run.
  std::vector<int64_t> segment(std::string_view word) const;

 private:
  struct Step {
    double score = 0;
    int64_t from = -1;  // -1: not reached yet
    int64_t id = 0;
  };

  void extend(std::string_view word, size_t start, std::vector<Step>& steps) const;

  std::vector<Piece> pieces_;
  std::unordered_map<std::string_view, int64_t> ids_;  // views into pieces_
  size_t longest_piece_bytes_ = 0;
  int64_t unknown_id_ = 0;
  double unknown_score_ = 0;
};

}  // namespace lorarun
