#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/text/tokenizer.h"
#include "runtime/text/train_bpe.h"
#include "runtime/text/train_sentencepiece.h"

namespace lorarun {
namespace {

using ::testing::StartsWith;

class TrainTokenizers : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("lorarun-train-" + std::to_string(getpid()));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> sentences() const {
    std::vector<std::string> all;
    for (int i = 0; i < 20; ++i) {
      all.push_back("A photo of a red ball on the table, number " + std::to_string(i) + ".");
      all.push_back("The red bird sings; another photo shows the lower river.");
    }
    return all;
  }

  fs::path folder_;
};

TEST_F(TrainTokenizers, MergesTheMostFrequentPairFirst) {
  // low x3, lower x1: "l o" occurs 4 times, "o w</w>" 3 times; "l o" + "w</w>" follows
  EXPECT_EQ(train_clip_bpe({"low low", "low lower"}, 600, folder_), 516);
  EXPECT_EQ(read_text(folder_ / "merges.txt"), "#version: 0.2\nl o\nlo w</w>\n");
  const Json vocabulary = read_json(folder_ / "vocab.json");
  EXPECT_EQ(vocabulary.at("!"), 0);
  EXPECT_EQ(vocabulary.at("!</w>"), 256);
  EXPECT_EQ(vocabulary.at("lo"), 512);
  EXPECT_EQ(vocabulary.at("low</w>"), 513);
  EXPECT_EQ(vocabulary.at("<|endoftext|>"), 515);
}

TEST_F(TrainTokenizers, GivesAClipVocabularyThatEncodesAnything) {
  EXPECT_EQ(train_clip_bpe(sentences(), 540, folder_), 540);
  const auto tokenizer = open_clip_tokenizer(folder_);
  EXPECT_EQ(tokenizer->vocab_size(), 540);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("red 日本 ball")), "red 日本 ball");
  EXPECT_EQ(tokenizer->encode("photo").size(), 3u);
}

TEST_F(TrainTokenizers, GivesAT5VocabularyWithItsSpecialIds) {
  const int size = train_sentencepiece(sentences(), 60, folder_);
  EXPECT_LE(size, 60);
  const auto tokenizer = open_t5_tokenizer(folder_);
  EXPECT_EQ(tokenizer->vocab_size(), size);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->eos_id(), 1);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("the red bird")), "the red bird");
}

TEST_F(TrainTokenizers, GiveTheSameBytesEachTime) {
  train_clip_bpe(sentences(), 540, folder_ / "a");
  train_clip_bpe(sentences(), 540, folder_ / "b");
  train_sentencepiece(sentences(), 60, folder_ / "a");
  train_sentencepiece(sentences(), 60, folder_ / "b");
  for (const char* name : {"vocab.json", "merges.txt", "spiece.model"}) {
    EXPECT_EQ(read_text(folder_ / "a" / name), read_text(folder_ / "b" / name)) << name;
  }
}

TEST_F(TrainTokenizers, RefuseWhatCannotWork) {
  EXPECT_THROW(train_clip_bpe({"a"}, 513, folder_), Error);
  EXPECT_THROW(train_clip_bpe({"\xFF"}, 600, folder_), Error);
  EXPECT_THROW(train_sentencepiece({}, 60, folder_), Error);
  EXPECT_THROW(train_sentencepiece(sentences(), 5, folder_), Error);
}

}  // namespace
}  // namespace lorarun
