#include "runtime/base/files.h"

#include <gmock/gmock.h>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "tests/base/scratch.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

int files_in(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, AppearsWholeAndOnlyByCommit) {
  const Scratch scratch;
  AtomicFile file(scratch / "a" / "b.txt");
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(fs::exists(scratch / "a" / "b.txt"));
  file.commit();
  EXPECT_EQ(read_text(scratch / "a" / "b.txt"), "one two");
  EXPECT_EQ(files_in(scratch / "a"), 1);
}

TEST(AtomicFile, DroppedBeforeCommitKeepsTheOldFile) {
  const Scratch scratch;
  write_atomically(scratch / "x", "old");
  {
    AtomicFile file(scratch / "x");
    file.write("half of the ne");
  }
  EXPECT_EQ(read_text(scratch / "x"), "old");
  EXPECT_EQ(files_in(scratch.path()), 1);
}

TEST(AtomicFile, NamesThePlaceItCannotWriteTo) {
  const Scratch scratch;
  write_atomically(scratch / "file", "");
  try {
    AtomicFile file(scratch / "file" / "below");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((scratch / "file").string()));
    EXPECT_EQ(error.exit_code(), 1);
  }
}

TEST(LineFile, AppendsWholeLines) {
  const Scratch scratch;
  {
    LineFile file(scratch / "log");
    file.append("one");
  }
  LineFile file(scratch / "log");
  file.append("two");
  EXPECT_EQ(read_text(scratch / "log"), "one\ntwo\n");
}

TEST(LineFile, CutsOffATornLastLine) {
  const Scratch scratch;
  write_atomically(scratch / "log", "one\ntwo\nthr");
  LineFile file(scratch / "log");
  file.append("three");
  EXPECT_EQ(read_text(scratch / "log"), "one\ntwo\nthree\n");
}

TEST(LineFile, CutsOffALoneTornLine) {
  const Scratch scratch;
  write_atomically(scratch / "log", "{\"step\":");
  LineFile file(scratch / "log");
  EXPECT_EQ(read_text(scratch / "log"), "");
}

TEST(ReadText, NamesWhatIsMissingAndWhatIsAFolder) {
  const Scratch scratch;
  const auto error_of = [](const fs::path& path) {
    try {
      read_text(path);
    } catch (const Error& error) { return std::string(error.what()); }
    return std::string();
  };
  EXPECT_THAT(error_of(scratch / "none"), AllOf(HasSubstr("No such file"), HasSubstr("none")));
  EXPECT_THAT(error_of(scratch.path()), HasSubstr("this is a folder"));
}

TEST(FreeDisk, IsKnownForPlacesThatAreNotThereYet) {
  EXPECT_GT(free_disk_bytes("/tmp/not/there/yet"), 0u);
}

TEST(Json, NamesTheByteWhereItBroke) {
  try {
    parse_json("{\"a\": }", "x.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("not valid JSON, from byte 7 on"), HasSubstr("at: x.json")));
  }
}

TEST(Json, LinesReadBackTheSameNumbers) {
  EXPECT_EQ(to_line(Json{{"loss", 0.1}, {"lr", 1e-4}}), R"({"loss":0.1,"lr":0.0001})");
  EXPECT_EQ(to_line(Json(std::nan(""))), "null");
}

}  // namespace
}  // namespace lorarun
