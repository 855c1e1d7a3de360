// Every recipe of tests/hostile/ attacks the program that runs it.
//
//   contained   training goes on to the end, exit code 0, and the journal names the attack
//   refused     exit code 2 before anything is trained, and the error names it
//
// What a recipe expects, and the words that must name it, stand in its first lines.

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/json.h"
#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

const fs::path kHostile = fs::path(LORARUN_SOURCE_DIR) / "tests/hostile";

std::vector<fs::path> hostile_recipes() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(kHostile)) {
    if (entry.path().extension() == ".lua") { found.push_back(entry.path()); }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The rest of the line "-- <key>: …".
std::string header(const fs::path& recipe, const std::string& key) {
  std::ifstream file(recipe);
  const std::string mark = "-- " + key + ":";
  for (std::string line; std::getline(file, line) && line.starts_with("--");) {
    if (!line.starts_with(mark)) { continue; }
    const size_t start = line.find_first_not_of(' ', mark.size());
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

// Holds when the text holds one of the words, which " | " separates: which limit an attack meets
// first may depend on the speed of the machine.
bool names(const std::string& text, const std::string& words) {
  for (size_t from = 0; from <= words.size();) {
    const size_t to = std::min(words.find(" | ", from), words.size());
    if (text.find(words.substr(from, to - from)) != std::string::npos) { return true; }
    from = to + 3;
  }
  return false;
}

// What the warnings of a journal say.
std::string warnings(const fs::path& journal) {
  std::ifstream file(journal);
  std::string all;
  for (std::string line; std::getline(file, line);) {
    const Json event = Json::parse(line);
    if (event["event"] == "warn") { all += event["what"].get<std::string>() + "\n"; }
  }
  return all;
}

// Policy processes that this trainer started and that are still there.
int leftover_processes(pid_t trainer) {
  const std::string words = std::string("lorarun-policy") + '\0' + std::to_string(trainer) + '\0';
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    count += read_all(entry.path() / "cmdline") == words;
  }
  return count;
}

// One folder for all, so that the pictures are encoded once.
class Hostile : public ::testing::TestWithParam<fs::path> {
 protected:
  static void SetUpTestSuite() { folder_ = new Folder; }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static Folder* folder_;
};

Folder* Hostile::folder_ = nullptr;

TEST_P(Hostile, IsHeldAndNamed) {
  const std::string named = header(GetParam(), "named"), expected = header(GetParam(), "expect");
  ASSERT_FALSE(header(GetParam(), "attack").empty());
  const pid_t trainer = start_program({GetParam().string()}, folder_->path());
  const Outcome outcome = finish_program(trainer, folder_->path());
  EXPECT_EQ(leftover_processes(trainer), 0);
  EXPECT_FALSE(fs::exists(folder_->path() / "owned"));
  const fs::path run = folder_->path() / "runs" / GetParam().stem();
  if (expected == "refused") {
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_TRUE(names(outcome.err, named)) << outcome.err;
    EXPECT_FALSE(fs::exists(run / "metrics.jsonl") && fs::file_size(run / "metrics.jsonl") > 0);
    return;
  }
  EXPECT_EQ(expected, "contained");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string said = warnings(run / "journal.jsonl");
  EXPECT_TRUE(names(said, named)) << said;
  EXPECT_TRUE(
      fs::exists(run / "checkpoints" / (GetParam().stem().string() + "-000006.safetensors")));
}

INSTANTIATE_TEST_SUITE_P(Recipe, Hostile, ::testing::ValuesIn(hostile_recipes()),
                         [](const auto& recipe) { return recipe.param.stem().string(); });

TEST(HostileCorpus, HoldsAtLeastFortyAttacks) {
  EXPECT_GE(hostile_recipes().size(), 40u);
}

}  // namespace
}  // namespace lorarun::cli
