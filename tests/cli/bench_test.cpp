// `lorarun bench step` against the peer's losses on the same keyed inputs.

#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden";

Json bench(const std::vector<std::string>& flags) {
  const Folder folder;
  std::vector<std::string> words = {"bench", "step", (kGolden / "micro_flux").string()};
  words.insert(words.end(), flags.begin(), flags.end());
  const Outcome outcome = run_program(words, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return parse_json(outcome.out, "the program's output");
}

// A prediction is good to 1.4e-4 in float32, which the angles of guidance 3.5 leave of it
// (tests/golden/closeness.h); a loss is twice as far, but the mean of 1024 squares whose errors are
// independent, so 1/32 of that.  In bfloat16 every value is rounded to 2^-8.
constexpr double kFloat32 = 1e-5;
constexpr double kBfloat16 = 5e-3;

void expect_losses(const Json& result, const Json& peer) {
  const double tolerance = peer["dtype"] == "float32" ? kFloat32 : kBfloat16;
  ASSERT_EQ(result["losses"].size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    const double expected = peer["losses"][i];
    EXPECT_NEAR(result["losses"][i].get<double>(), expected, tolerance * expected) << "step " << i;
  }
}

TEST(BenchStep, TwentyLossesEqualThePeers) {
  for (const Json& peer : read_json(kGolden / "trajectory.json")) {
    const Json result = bench(peer["flags"]);
    EXPECT_EQ(result["adapted"], peer["adapted"]);
    EXPECT_EQ(result["trainable"], peer["trainable"]);
    expect_losses(result, peer);
  }
}

TEST(BenchStep, RecomputeChangesNoLoss) {
  const std::vector<std::string> flags = {"--resolution", "64", "--text",  "7",
                                          "--rank",       "4",  "--steps", "3"};
  std::vector<std::string> recompute = flags;
  recompute.emplace_back("--recompute");
  EXPECT_EQ(bench(recompute)["losses"], bench(flags)["losses"]);
}

TEST(BenchStep, RandomWeightsNeedNoFilesAndAreTheSameAtEveryStart) {
  const std::vector<std::string> flags = {"--resolution", "64", "--steps", "2", "--random-weights"};
  const Json result = bench(flags);
  EXPECT_EQ(result["losses"].size(), 2u);
  EXPECT_EQ(bench(flags)["losses"], result["losses"]);
}

TEST(BenchStep, TheRateOfOneProductIsMeasuredWhenAskedFor) {
  std::vector<std::string> flags = {"--resolution", "64", "--steps", "1"};
  EXPECT_TRUE(bench(flags)["gemm_tflops"].is_null());
  flags.insert(flags.end(), {"--gemm", "64"});
  EXPECT_GT(bench(flags)["gemm_tflops"].get<double>(), 0.0);
}

TEST(BenchStep, WrongRequestsAreExplained) {
  const Folder folder;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"bench"},
                                                {"bench", "step", "nowhere"},
                                                {"bench", "step", "x", "--stps", "3"}}) {
    const Outcome outcome = run_program(words, folder.path());
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.err.find("fix:"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace lorarun::cli
