#include "runtime/text/train_sentencepiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <unordered_map>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/text/utf8.h"

namespace lorarun {

namespace {

class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& sentences) : sentences_(sentences) {}

  bool done() const override { return at_ == sentences_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return sentences_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& sentences_;
  size_t at_ = 0;
};

// One thread and no sampling: the same bytes each time.
std::unordered_map<std::string, std::string> trainer_settings(int vocab_size, bool fold_case) {
  return {{"model_type", "unigram"},
          {"normalization_rule_name", fold_case ? "nmt_nfkc_cf" : "nmt_nfkc"},
          {"vocab_size", std::to_string(vocab_size)},
          {"hard_vocab_limit", "false"},
          {"character_coverage", "1.0"},
          {"pad_id", "0"},
          {"eos_id", "1"},
          {"unk_id", "2"},
          {"bos_id", "-1"},
          {"num_threads", "1"},
          {"shuffle_input_sentence", "false"},
          {"minloglevel", "2"}};
}

}  // namespace

int train_sentencepiece(const std::vector<std::string>& sentences, int vocab_size,
                        const fs::path& folder, const SentencePieceOptions& options) {
  for (size_t i = 0; i < sentences.size(); ++i) {
    expect_utf8(sentences[i], "training sentence " + std::to_string(i + 1));
  }
  Sentences iterator(sentences);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(
      trainer_settings(vocab_size, options.fold_case), &iterator, &model);
  sentencepiece::SentencePieceProcessor trained;
  if (!status.ok() || !trained.LoadFromSerializedProto(model).ok()) {
    throw Error("SentencePiece could not make a vocabulary of " + std::to_string(vocab_size) +
                " pieces: " + status.ToString())
        .where(folder.string())
        .fix("give more sentences, or a vocabulary with room for every character they hold");
  }
  const OrderedJson config = {{"tokenizer_class", "T5Tokenizer"},
                              {"model_max_length", options.max_length},
                              {"eos_token", "</s>"},
                              {"pad_token", "<pad>"},
                              {"unk_token", "<unk>"},
                              {"extra_ids", 0}};
  make_folder(folder);
  write_atomically(folder / "spiece.model", model);
  write_atomically(folder / "tokenizer_config.json", config.dump(2) + "\n");
  return trained.GetPieceSize();
}

}  // namespace lorarun
