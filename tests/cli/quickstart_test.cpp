// The quickstart keeps its promise: the character is learned, and told from the others.
//
// A short form of what docs/benchmarks.md measures at length: fewer steps, fewer pictures, wide
// margins.

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

const std::string kSource = LORARUN_SOURCE_DIR;

constexpr int kSteps = 250;

// The quickstart's run in a folder of its own, made once for all tests of this file.
class Quickstart : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<Folder>();
    outcome_ = run_program({kSource + "/examples/quickstart/recipe.lua", "--steps",
                            std::to_string(kSteps), "--set", "render.every=1000"},
                           folder_->path());
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static fs::path run(const std::string& file) {
    return folder_->path() / "runs/quickstart" / file;
  }

  static inline std::unique_ptr<Folder> folder_;
  static inline Outcome outcome_;
};

TEST_F(Quickstart, LowersTheLossOfPicturesItWasNeverShown) {
  ASSERT_EQ(outcome_.exit_code, 0) << outcome_.err;
  const std::vector<Json> measured = events_in(run("journal.jsonl"), "evaluate");
  ASSERT_GE(measured.size(), 2U);
  EXPECT_LT(measured.back()["heldout_loss"].get<double>(),
            0.95 * measured.front()["heldout_loss"].get<double>());
}

TEST_F(Quickstart, DrawsTheCharacterWhereThePromptNamesIt) {
  ASSERT_EQ(outcome_.exit_code, 0) << outcome_.err;
  const fs::path figures = folder_->path() / "figures.json";
  const Outcome judged = run_program(
      {"--trust", kSource + "/bench/quickstart.lua", "--base",
       kSource + "/examples/quickstart/base", "--lora",
       run("checkpoints/quickstart-000250.safetensors").string(), "--count", "8", "--steps", "8",
       "--out", (folder_->path() / "bench").string(), "--json", figures.string()},
      folder_->path());
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const Json groups = Json::parse(read_all(figures))["groups"];
  const auto identity = [&](const char* group, const char* column) {
    return groups[group][column]["identity"]["centroid"].get<double>();
  };
  const double rise = identity("character", "lora") - identity("character", "base");
  const double leak = identity("control", "lora") - identity("control", "base");
  EXPECT_GT(rise, 0.1);
  EXPECT_LT(leak, rise);
}

}  // namespace
}  // namespace lorarun::cli
