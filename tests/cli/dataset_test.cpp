// `lorarun dataset` on the real program.

#include <gtest/gtest.h>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

TEST(DatasetVerb, ReportsWhatTrainingWouldMakeOfAFolder) {
  const TrainingFolder folder;
  const Outcome outcome = run_program(
      {"dataset", "photos", "--resolution", "64", "--step", "16", "--json"}, folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json facts = Json::parse(outcome.out);
  EXPECT_EQ(facts["pictures"], 6);
  EXPECT_EQ(facts["captions"], 1);
  EXPECT_EQ(facts["items"], 6);
  EXPECT_EQ(facts["hash"].get<std::string>().size(), 64U);
}

TEST(DatasetVerb, PreparesArraysAndNamesBrokenPictures) {
  const TrainingFolder folder;
  folder.write("photos/7.png", "no picture");
  const Outcome outcome = run_program(
      {"dataset", "photos", "--resolution", "64", "--step", "16", "--prepare", "out", "--json"},
      folder.path());
  EXPECT_EQ(outcome.exit_code, 1);
  const Json facts = Json::parse(outcome.out);
  EXPECT_EQ(facts["prepared"], 6);
  EXPECT_EQ(facts["broken"].size(), 1U);
  EXPECT_TRUE(fs::exists(folder.path() / "out" / "2.png_64x64.npy"));
}

TEST(DatasetVerb, RefusesAResolutionThatIsNoList) {
  const TrainingFolder folder;
  const Outcome outcome = run_program({"dataset", "photos", "--resolution", "big"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("such as 512,768"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace lorarun::cli
