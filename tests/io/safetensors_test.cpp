#include "runtime/io/safetensors.h"

#include <gmock/gmock.h>

#include <cstring>

#include "runtime/base/hash.h"
#include "tests/io/places.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

std::string with_length(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

// The error of a file with this header and so many zero bytes of data.
std::string refusal(const std::string& header, size_t data_bytes) {
  const std::string file = with_length(header, std::string(data_bytes, '\0'));
  return error_of([&] { SafetensorsFile::parse(file, "test.safetensors"); });
}

constexpr const char* kPair = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";

TEST(Safetensors, ReadsWhatItWrote) {
  const Scratch scratch;
  const float floats[] = {1.5f, -2.0f, 3.25f, 0.0f, 5.0f, 6.0f};
  const int64_t number = 42;
  const uint8_t bytes[] = {7, 8, 9};
  write_safetensors(scratch / "x.safetensors",
                    {{"c.bytes", "U8", {3}, bytes, 3},
                     {"a.matrix", "F32", {2, 3}, floats, 24},
                     {"b.number", "I64", {}, &number, 8},
                     {"d.empty", "BF16", {0, 4}, nullptr, 0}},
                    {{"family", "flux"}, {"note", "gr\xC3\xBC\xC3\x9F \"x\""}});
  const auto file = SafetensorsFile::open(scratch / "x.safetensors");
  ASSERT_EQ(file->tensors().size(), 4u);
  EXPECT_EQ(file->tensors()[0].name, "a.matrix");
  EXPECT_EQ(file->tensors()[3].name, "d.empty");
  EXPECT_EQ(file->metadata().at("note"), "gr\xC3\xBC\xC3\x9F \"x\"");
  EXPECT_EQ(file->data_bytes(), 35u);
  const TensorView* matrix = file->find("a.matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(matrix->data, floats, 24), 0);
  EXPECT_TRUE(file->find("b.number")->shape.empty());
  EXPECT_EQ(file->find("d.empty")->bytes, 0u);
  EXPECT_EQ(file->find("e"), nullptr);
}

TEST(Safetensors, WritesTheBytesOfThePythonLibrary) {
  const Scratch scratch;
  const uint16_t halves[] = {0x3C00, 0x4000};
  const float one = 1.0f;
  write_safetensors(scratch / "x.safetensors",
                    {{"a", "F16", {2}, halves, 4}, {"b", "F32", {1}, &one, 4}}, {{"k", "v"}});
  const std::string json =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}})";
  const std::string padded = json + std::string((8 - json.size() % 8) % 8, ' ');
  EXPECT_EQ(read_text(scratch / "x.safetensors"),
            with_length(padded, std::string("\x00\x00\x80\x3F\x00\x3C\x00\x40", 8)));
}

TEST(Safetensors, TheHashOfTheDataIsKnownBeforeWriting) {
  const Scratch scratch;
  const float values[] = {1.0f, 2.0f};
  const std::vector<TensorToWrite> tensors = {{"z", "F32", {1}, &values[0], 4},
                                              {"a", "F32", {1}, &values[1], 4}};
  write_safetensors(scratch / "x.safetensors", tensors);
  const std::string expected =
      sha256_hex({reinterpret_cast<const char*>(std::array{2.0f, 1.0f}.data()), 8});
  EXPECT_EQ(safetensors_data_sha256(tensors), expected);
  EXPECT_EQ(SafetensorsFile::open(scratch / "x.safetensors")->data_sha256(), expected);
}

TEST(Safetensors, RefusesToWriteATensorTwiceOrOfAnotherSize) {
  const Scratch scratch;
  const float value = 1.0f;
  const TensorToWrite one = {"a", "F32", {1}, &value, 4}, short_one = {"b", "F32", {2}, &value, 4};
  EXPECT_THAT(error_of([&] {
                write_safetensors(scratch / "x", {one, one});
              }),
              HasSubstr("'a' would be written twice"));
  EXPECT_THAT(error_of([&] { write_safetensors(scratch / "x", {short_one}); }),
              HasSubstr("its shape needs 8"));
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Safetensors, AllowsTrailingSpacesEmptyFilesAndEmptyTensors) {
  EXPECT_EQ(refusal("{}      ", 0), "");
  EXPECT_EQ(refusal(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":)" +
                        std::string(kPair) + "}",
                    8),
            "");
}

TEST(Safetensors, SaysThatAFileIsTruncated) {
  EXPECT_THAT(refusal(R"({"a":)" + std::string(kPair) + "}", 5),
              AllOf(HasSubstr("the file is truncated: expected 70 bytes, it has 67"),
                    HasSubstr("at: test.safetensors"), HasSubstr("fix: download it again")));
  EXPECT_THAT(error_of([] { SafetensorsFile::parse("\x10", "x"); }),
              HasSubstr("truncated: 1 bytes"));
  EXPECT_THAT(error_of([] { SafetensorsFile::parse("", "x"); }), HasSubstr("truncated: 0 bytes"));
  EXPECT_THAT(
      error_of([] { SafetensorsFile::parse(std::string("\x40\0\0\0\0\0\0\0{}", 10), "x"); }),
      HasSubstr("expected 72 bytes, it has 10"));
}

TEST(Safetensors, RefusesAnImpossibleHeaderLength) {
  EXPECT_THAT(error_of([] { SafetensorsFile::parse(std::string(16, '\xFF'), "x"); }),
              HasSubstr("its header would have 18446744073709551615 bytes"));
}

TEST(Safetensors, KnowsWhatWasHandedOverInstead) {
  const auto of = [](const std::string& bytes) {
    return error_of([&] { SafetensorsFile::parse(bytes, "x"); });
  };
  EXPECT_THAT(of("PK\x03\x04 and a pickle inside"), HasSubstr("pickle checkpoint"));
  EXPECT_THAT(of("\x80\x02}q\x01(X\x04"), HasSubstr("pickle checkpoint"));
  EXPECT_THAT(of("<!DOCTYPE html><html>"), HasSubstr("web page"));
  EXPECT_THAT(of("version https://git-lfs.github.com/spec/v1"),
              AllOf(HasSubstr("git-lfs pointer"), HasSubstr("git lfs pull")));
  EXPECT_THAT(of("GGUF\x03"), HasSubstr("GGUF"));
}

TEST(Safetensors, RefusesAHeaderThatIsNotJsonInUtf8) {
  EXPECT_THAT(refusal(" {}", 0), HasSubstr("does not begin with '{'"));
  EXPECT_THAT(refusal("{\"a\":", 0), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("{\"\xFF\xFE\":1}", 0), HasSubstr("not JSON in UTF-8"));
  EXPECT_THAT(refusal("{} {}", 0), HasSubstr("not JSON"));
}

TEST(Safetensors, RefusesAKeyThatStandsTwice) {
  const std::string pair = R"("a":)" + std::string(kPair);
  EXPECT_THAT(refusal("{" + pair + "," + pair + "}", 8), HasSubstr("the key 'a' stands twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", 0),
              HasSubstr("the key 'k' stands twice"));
}

TEST(Safetensors, RefusesMetadataThatAreNotTexts) {
  EXPECT_THAT(refusal(R"({"__metadata__":{"steps":7}})", 0),
              HasSubstr("'steps', which is not a text"));
  EXPECT_THAT(refusal(R"({"__metadata__":[]})", 0), HasSubstr("__metadata__ is not an object"));
}

TEST(Safetensors, RefusesATensorWithoutTypeShapeOrOffsets) {
  EXPECT_THAT(refusal(R"({"a":7})", 0), HasSubstr("tensor 'a' lacks"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1]}})", 4), HasSubstr("lacks"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4),
              HasSubstr("lacks"));
}

TEST(Safetensors, RefusesAnUnknownTypeWithTheNearestName) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"BF61","shape":[1],"data_offsets":[0,2]}})", 2),
              AllOf(HasSubstr("no data type 'BF61'"), HasSubstr("did you mean 'BF16'?"),
                    HasSubstr("tensor 'a'")));
}

TEST(Safetensors, RefusesNumbersThatAreNotNatural) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
              HasSubstr("has -1 where"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4),
              HasSubstr("has 1.5 where"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":["0",4]}})", 4),
              HasSubstr("has \"0\" where"));
}

TEST(Safetensors, RefusesAShapeWhoseSizeOverflows) {
  EXPECT_THAT(
      refusal(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
      HasSubstr("overflows"));
  EXPECT_THAT(
      refusal(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,0]}})", 0),
      HasSubstr("natural number"));
}

TEST(Safetensors, RefusesOffsetsThatDoNotFitTheShape) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
              HasSubstr("takes 4 bytes, its shape and type need 8"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4),
              HasSubstr("ends before it begins"));
}

TEST(Safetensors, RefusesHolesOverlapsAndLeftovers) {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  EXPECT_EQ(refusal(two("[4,8]", "[0,4]"), 8), "");
  EXPECT_THAT(refusal(two("[0,4]", "[2,6]"), 6), HasSubstr("tensor 'b' overlaps"));
  EXPECT_THAT(refusal(two("[0,4]", "[0,4]"), 4), HasSubstr("overlaps"));
  EXPECT_THAT(refusal(two("[0,4]", "[6,10]"), 10), HasSubstr("a hole before tensor 'b'"));
  EXPECT_THAT(refusal(two("[2,6]", "[6,10]"), 10), HasSubstr("a hole before tensor 'a'"));
  EXPECT_THAT(refusal(two("[0,4]", "[4,8]"), 9), HasSubstr("1 bytes follow the last tensor"));
}

TEST(Safetensors, NamesAFileThatIsNotThere) {
  EXPECT_THAT(error_of([] { SafetensorsFile::open("/nowhere/x.safetensors"); }),
              AllOf(HasSubstr("No such file"), HasSubstr("at: /nowhere/x.safetensors")));
  EXPECT_THAT(error_of([] { SafetensorsFile::open("/tmp"); }), HasSubstr("directory"));
}

// A folder with two shards and an index.
void make_shards(const Scratch& scratch, const std::string& weight_map) {
  const float one = 1.0f, two = 2.0f;
  write_safetensors(scratch / "m-1.safetensors", {{"a", "F32", {1}, &one, 4}});
  write_safetensors(scratch / "m-2.safetensors", {{"b", "F32", {1}, &two, 4}});
  write_atomically(scratch / "m.safetensors.index.json", R"({"weight_map":)" + weight_map + "}");
}

TEST(ShardedSafetensors, ReadsOneFileAndSeveralAlike) {
  const Scratch scratch;
  make_shards(scratch, R"({"b":"m-2.safetensors","a":"m-1.safetensors"})");
  const auto sharded = ShardedSafetensors::open(scratch.path(), "m");
  ASSERT_EQ(sharded->tensors().size(), 2u);
  EXPECT_EQ(sharded->tensors()[0].name, "a");
  EXPECT_EQ(sharded->find("b")->bytes, 4u);
  EXPECT_EQ(sharded->files().size(), 2u);
  EXPECT_NE(ShardedSafetensors::open(scratch.path(), "m-1")->find("a"), nullptr);
}

TEST(ShardedSafetensors, NamesTheMissingShard) {
  const Scratch scratch;
  make_shards(scratch, R"({"a":"m-1.safetensors","b":"m-2.safetensors"})");
  fs::remove(scratch / "m-2.safetensors");
  EXPECT_THAT(error_of([&] { ShardedSafetensors::open(scratch.path(), "m"); }),
              AllOf(HasSubstr("shard m-2.safetensors is missing"), HasSubstr("the index lists 2")));
}

TEST(ShardedSafetensors, RefusesAnIndexThatPointsElsewhere) {
  for (const char* shard :
       {"\"../m-1.safetensors\"", "\"/etc/passwd\"", "\"x/../../m\"", "\"\"", "7"}) {
    const Scratch scratch;
    make_shards(scratch, R"({"a":)" + std::string(shard) + "}");
    EXPECT_THAT(error_of([&] { ShardedSafetensors::open(scratch.path(), "m"); }),
                HasSubstr("points outside"));
  }
}

TEST(ShardedSafetensors, RefusesAnIndexOfAnotherModel) {
  const Scratch scratch;
  make_shards(scratch, R"({"c":"m-1.safetensors"})");
  EXPECT_THAT(error_of([&] { ShardedSafetensors::open(scratch.path(), "m"); }),
              HasSubstr("'c' is not in m-1.safetensors"));
}

TEST(ShardedSafetensors, ListsTheFolderWhenNothingIsFound) {
  const Scratch scratch;
  write_atomically(scratch / "config.json", "{}");
  EXPECT_THAT(
      error_of([&] { ShardedSafetensors::open(scratch.path(), "model"); }),
      AllOf(HasSubstr("neither model.safetensors nor"), HasSubstr("the folder holds config.json")));
  write_atomically(scratch / "model.bin", "");
  EXPECT_THAT(error_of([&] { ShardedSafetensors::open(scratch.path(), "model"); }),
              HasSubstr("pickled weights"));
  EXPECT_THAT(error_of([] { ShardedSafetensors::open("/nowhere", "model"); }),
              HasSubstr("is not there"));
}

}  // namespace
}  // namespace lorarun
