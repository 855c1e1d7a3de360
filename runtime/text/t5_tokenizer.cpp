// T5's tokenizer: a SentencePiece unigram model (Kudo 2018, arXiv:1804.10959).
//
//   text -> special tokens cut out -> charsmap -> words -> best segmentation of each -> ids, </s>
//
// The SentencePiece library reads the model and decodes; runtime/text/unigram.h encodes.
// The ids of the <extra_id_N> sentinels follow the model's own, counted down:
// of 100, <extra_id_0> is the last.

#include <sentencepiece_processor.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/text/charsmap.h"
#include "runtime/text/clip_words.h"
#include "runtime/text/special_tokens.h"
#include "runtime/text/spiece_file.h"
#include "runtime/text/tokenizer.h"
#include "runtime/text/unigram.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

constexpr int64_t kStandardExtraIds = 100;
constexpr const char* kWordStart = "\u2581";

int64_t read_extra_ids(const fs::path& folder) {
  const fs::path path = folder / "tokenizer_config.json";
  if (!fs::exists(path)) { return kStandardExtraIds; }
  const Json config = read_json(path);
  if (!config.is_object() || !config.contains("extra_ids")) { return kStandardExtraIds; }
  const Json& count = config.at("extra_ids");
  if (!count.is_number_integer() || count.get<int64_t>() < 0) {
    throw Error("extra_ids is not a count: " + to_line(count))
        .where(path.string())
        .fix("write the number of <extra_id_N> tokens, 100 for T5");
  }
  return count.get<int64_t>();
}

class T5Tokenizer : public Tokenizer {
 public:
  explicit T5Tokenizer(const fs::path& folder) {
    const fs::path path = folder / "spiece.model";
    const SpieceFile file = read_spiece_file(path);
    charsmap_ = Charsmap(file.charsmap, path.string());
    if (!model_.LoadFromSerializedProto(file.bytes).ok() || model_.eos_id() < 0 ||
        model_.pad_id() < 0 || model_.unk_id() < 0) {
      throw Error(
          "this is no T5 vocabulary: SentencePiece cannot load it, or it lacks </s>, <pad> or "
          "<unk>")
          .where(path.string())
          .fix("fetch spiece.model again");
    }
    list_special_tokens(read_extra_ids(folder));
    unigram_ = Unigram(list_pieces(), model_.unk_id());
  }

  std::vector<int64_t> encode(const std::string& text) const override {
    expect_utf8(text, "the text to encode");
    std::vector<int64_t> ids;
    for (const TextPart& part : split_at_special_tokens(text, special_tokens_, false)) {
      part.id >= 0 ? ids.push_back(part.id) : add_ordinary(part.text, ids);
    }
    ids.push_back(eos_id());
    return ids;
  }

  std::string decode(const std::vector<int64_t>& ids) const override {
    expect_ids(ids);
    std::vector<int> ordinary;
    for (const int64_t id : ids) {
      if (id < model_.GetPieceSize() && !model_.IsControl(static_cast<int>(id)) &&
          !model_.IsUnknown(static_cast<int>(id))) {
        ordinary.push_back(static_cast<int>(id));
      }
    }
    return model_.DecodeIds(ordinary);
  }

  int64_t pad_id() const override { return model_.pad_id(); }
  int64_t eos_id() const override { return model_.eos_id(); }
  int64_t vocab_size() const override { return vocab_size_; }

 private:
  void list_special_tokens(int64_t extra_ids) {
    const int64_t pieces = model_.GetPieceSize();
    for (int id = 0; id < pieces; ++id) {
      if (model_.IsControl(id) || model_.IsUnknown(id)) {
        special_tokens_.push_back({model_.IdToPiece(id), id});
      }
    }
    for (int64_t i = 0; i < extra_ids; ++i) {
      special_tokens_.push_back(
          {"<extra_id_" + std::to_string(i) + ">", pieces + extra_ids - 1 - i});
    }
    vocab_size_ = pieces + extra_ids;
  }

  std::vector<Piece> list_pieces() const {
    std::vector<Piece> pieces;
    for (int id = 0; id < model_.GetPieceSize(); ++id) {
      pieces.push_back({model_.IdToPiece(id), model_.GetScore(id)});
    }
    return pieces;
  }

  // Each word is marked at its start, as the model's pieces are.
  void add_ordinary(std::string_view text, std::vector<int64_t>& ids) const {
    std::string word = kWordStart;
    const auto add_word = [&] {
      if (word == kWordStart) { return; }
      const std::vector<int64_t> pieces = unigram_.segment(word);
      ids.insert(ids.end(), pieces.begin(), pieces.end());
      word = kWordStart;
    };
    for (const char32_t code_point : to_code_points(charsmap_.normalize(text))) {
      if (is_white_space(code_point)) {
        add_word();
      } else {
        append_utf8(word, code_point);
      }
    }
    add_word();
  }

  sentencepiece::SentencePieceProcessor model_;
  Charsmap charsmap_;
  Unigram unigram_;
  std::vector<SpecialToken> special_tokens_;
  int64_t vocab_size_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> open_t5_tokenizer(const fs::path& folder) {
  return std::make_unique<T5Tokenizer>(folder);
}

}  // namespace lorarun
