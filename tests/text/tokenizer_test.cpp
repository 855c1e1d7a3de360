#include "runtime/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"

namespace lorarun {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests/golden";
const fs::path kMicro = kGolden / "micro_flux";

// A folder of its own for each test, gone afterwards.
class TokenizerFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("lorarun-tokenizer-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void copy_clip() {
    for (const auto& file : fs::directory_iterator(kMicro / "tokenizer")) {
      fs::copy(file.path(), folder_ / file.path().filename(), fs::copy_options::overwrite_existing);
    }
  }

  void write(const std::string& name, const std::string& text) {
    write_atomically(folder_ / name, text);
  }

  fs::path folder_;
};

template <typename Body>
std::string error_of(Body body) {
  try {
    body();
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

// Compares with what transformers gave (tests/oracle/make_goldens.py).
void expect_golden(const Tokenizer& tokenizer, const std::string& golden, int64_t length) {
  const Json rows = read_json(kGolden / golden);
  EXPECT_GE(rows.size(), 500u);
  for (const Json& row : rows) {
    const std::string text = row.at("text");
    EXPECT_EQ(tokenizer.encode(text), row.at("ids").get<Ids>()) << row.at("text").dump();
    if (!row.contains("cut")) { continue; }
    bool was_cut = false;
    EXPECT_EQ(tokenizer.encode_padded(text, length, &was_cut), row.at("cut").get<Ids>());
    EXPECT_TRUE(was_cut);
  }
}

TEST(ClipTokenizer, GivesTheIdsOfTransformersOnNastyStrings) {
  expect_golden(*open_clip_tokenizer(kMicro / "tokenizer"), "clip_tokens.json", 77);
}

TEST(T5Tokenizer, GivesTheIdsOfTransformersOnNastyStrings) {
  expect_golden(*open_t5_tokenizer(kMicro / "tokenizer_2"), "t5_tokens.json", 512);
}

TEST(ClipTokenizer, GivesTheSameIdsTheSecondTime) {
  const auto tokenizer = open_clip_tokenizer(kMicro / "tokenizer");
  const Ids first = tokenizer->encode("daylight daylight");
  EXPECT_EQ(tokenizer->encode("daylight daylight"), first);
  EXPECT_EQ(first.size() % 2, 0u);
}

TEST(ClipTokenizer, PadsWithTheEndTokenAndKeepsItWhenCutting) {
  const auto tokenizer = open_clip_tokenizer(kMicro / "tokenizer");
  bool was_cut = true;
  const Ids padded = tokenizer->encode_padded("a", 5, &was_cut);
  EXPECT_FALSE(was_cut);
  EXPECT_EQ(padded[2], tokenizer->eos_id());
  EXPECT_EQ(padded[4], tokenizer->pad_id());
  const Ids whole = tokenizer->encode("1 2 3 4 5 6");
  const Ids cut = tokenizer->encode_padded("1 2 3 4 5 6", 4, &was_cut);
  EXPECT_TRUE(was_cut);
  EXPECT_EQ(cut, (Ids{whole[0], whole[1], whole[2], tokenizer->eos_id()}));
}

TEST(ClipTokenizer, DecodesToLowerCaseWordsWithSpaces) {
  const auto tokenizer = open_clip_tokenizer(kMicro / "tokenizer");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("A Café, 日本")), "a café , 日本");
}

TEST(T5Tokenizer, DecodesWhatItEncoded) {
  const auto tokenizer = open_t5_tokenizer(kMicro / "tokenizer_2");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a photo  of a person")), "a photo of a person");
}

TEST(Tokenizer, NamesAnIdOutsideTheVocabulary) {
  const auto tokenizer = open_clip_tokenizer(kMicro / "tokenizer");
  EXPECT_THAT(error_of([&] {
                tokenizer->decode({0, 123456});
              }),
              HasSubstr("token id 123456 at position 1"));
  EXPECT_THAT(error_of([&] { tokenizer->decode({-1}); }), HasSubstr("token id -1"));
}

TEST(Tokenizer, NamesTheByteWhereTextIsNotUtf8) {
  const auto clip = open_clip_tokenizer(kMicro / "tokenizer");
  const auto t5 = open_t5_tokenizer(kMicro / "tokenizer_2");
  for (const Tokenizer* tokenizer : {clip.get(), t5.get()}) {
    EXPECT_THAT(error_of([&] { tokenizer->encode("caf\xE9 noir"); }),
                HasSubstr("byte 0xE9 at offset 3"));
  }
}

// SDXL's second tokenizer pads with "!", which then is a special token in any text.
// Ids by transformers 5.23 for the micro folder with this special_tokens_map.json.
TEST_F(TokenizerFolder, PadsWithTheTokenThatTheFolderNames) {
  copy_clip();
  fs::remove(folder_ / "tokenizer_config.json");
  write("special_tokens_map.json", R"({"pad_token": "!"})");
  const auto tokenizer = open_clip_tokenizer(folder_);
  EXPECT_EQ(tokenizer->pad_id(), 0);
  EXPECT_EQ(tokenizer->encode("!").at(1), 0);
  EXPECT_EQ(tokenizer->encode_padded("a", 6).back(), 0);
}

TEST_F(TokenizerFolder, FindsANormalizedSpecialTokenInUpperCase) {
  copy_clip();
  const auto plain = open_clip_tokenizer(folder_)->encode("<|STARTOFTEXT|>");
  EXPECT_GT(plain.size(), 3u);
  fs::remove(folder_ / "tokenizer_config.json");
  write("special_tokens_map.json",
        R"({"bos_token": {"content": "<|startoftext|>", "normalized": true}})");
  const auto tokenizer = open_clip_tokenizer(folder_);
  const int64_t start = tokenizer->encode("").front();
  EXPECT_EQ(tokenizer->encode("<|STARTOFTEXT|>"), (Ids{start, start, tokenizer->eos_id()}));
}

TEST_F(TokenizerFolder, NamesAMissingVocabulary) {
  EXPECT_THAT(error_of([&] { open_clip_tokenizer(folder_); }), HasSubstr("vocab.json"));
  EXPECT_THAT(error_of([&] { open_t5_tokenizer(folder_); }), HasSubstr("spiece.model"));
}

TEST_F(TokenizerFolder, NamesTheMergeThatDoesNotFit) {
  copy_clip();
  write("merges.txt", "#version: 0.2\ni n\nnosuch token\n");
  EXPECT_THAT(error_of([&] { open_clip_tokenizer(folder_); }),
              HasSubstr("line 3 ('nosuch token') is no merge"));
}

TEST_F(TokenizerFolder, RefusesAVocabularyWithoutProperIds) {
  copy_clip();
  write("vocab.json", R"({"a": "one"})");
  EXPECT_THAT(error_of([&] { open_clip_tokenizer(folder_); }),
              HasSubstr("token 'a' has no proper id"));
  write("vocab.json", "[1, 2]");
  EXPECT_THAT(error_of([&] { open_clip_tokenizer(folder_); }), HasSubstr("not a table of tokens"));
}

TEST_F(TokenizerFolder, RefusesASpecialTokenThatIsNotInTheVocabulary) {
  copy_clip();
  write("tokenizer_config.json", R"({"pad_token": "<nothing>"})");
  EXPECT_THAT(error_of([&] { open_clip_tokenizer(folder_); }),
              HasSubstr("pad_token '<nothing>' is not in it"));
}

TEST_F(TokenizerFolder, RefusesAFileThatIsNoSentencePieceModel) {
  for (const char* text : {"", "this is no model", "\x0A\xFF\xFF\xFF\xFF\x0F"}) {
    write("spiece.model", text);
    EXPECT_THAT(error_of([&] { open_t5_tokenizer(folder_); }), HasSubstr("spiece.model"));
  }
}

TEST_F(TokenizerFolder, CountsSentinelsDownFromTheEndOfTheVocabulary) {
  fs::copy(kMicro / "tokenizer_2/spiece.model", folder_ / "spiece.model");
  const auto hundred = open_t5_tokenizer(folder_);
  const int64_t size = hundred->vocab_size();
  EXPECT_EQ(hundred->encode("<extra_id_0><extra_id_99>"),
            (Ids{size - 1, size - 100, hundred->eos_id()}));
  write("tokenizer_config.json", R"({"extra_ids": 3})");
  EXPECT_EQ(open_t5_tokenizer(folder_)->vocab_size(), size - 97);
  write("tokenizer_config.json", R"({"extra_ids": "many"})");
  EXPECT_THAT(error_of([&] { open_t5_tokenizer(folder_); }), HasSubstr("extra_ids is not a count"));
}

}  // namespace
}  // namespace lorarun
