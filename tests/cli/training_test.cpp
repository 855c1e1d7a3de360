// Whole runs of the real program on the micro base.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/cli/running.h"

namespace lorarun::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kRenders =
    "render = { every = 3, steps = 2, size = { 64, 64 }, prompts = { 'a red thing' } }";

// The LoRA that an undisturbed run ends with.
const std::string& expected_lora() {
  static const std::string lora = [] {
    const TrainingFolder folder;
    EXPECT_EQ(folder.train().exit_code, 0);
    return folder.last_lora();
  }();
  return lora;
}

TEST(Training, LeavesACompleteRunFolder) {
  const TrainingFolder folder(kRenders);
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("6 pictures"));
  EXPECT_THAT(folder.losses(), SizeIs(6));
  for (const char* file :
       {"manifest.json", "checkpoints/run-000002.safetensors", "checkpoints/run-000006.safetensors",
        "checkpoints/run-000006.state/state.json", "samples/000000.png", "samples/000003/000.png",
        "samples/000006.png"}) {
    EXPECT_TRUE(fs::exists(folder.run(file))) << file;
  }
  for (const char* event : {"\"start\"", "\"checkpoint\"", "\"render\"", "\"stop\""}) {
    EXPECT_THAT(folder.journal(), HasSubstr(event));
  }
  EXPECT_THAT(partial_files(folder.path()), IsEmpty());
}

TEST(Training, OfACompleteRunSaysSoWithinTwoSeconds) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train().exit_code, 0);
  const auto start = std::chrono::steady_clock::now();
  const Outcome again = folder.train();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("run run is complete"));
  EXPECT_LT(took.count(), 2.0);
}

TEST(Training, EncodesNothingTheSecondTime) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train().exit_code, 0);
  ASSERT_EQ(folder.train({"--fresh"}).exit_code, 0);
  EXPECT_THAT(read_all(folder.path() / "runs/run-2/journal.jsonl"),
              HasSubstr("\"latents_encoded\":0"));
}

TEST(Training, IsTheSameTwice) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_EQ(folder.last_lora(), expected_lora());
}

TEST(Training, ResumedInThreePartsEqualsOneRunToTheBit) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train({"--steps", "2"}).exit_code, 0);
  ASSERT_EQ(folder.train({"--steps", "4"}).exit_code, 0);
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_THAT(folder.losses(), SizeIs(6));
  EXPECT_THAT(folder.journal(), HasSubstr("\"resume\""));
}

TEST(Training, KilledAtRandomMomentsEqualsOneRunToTheBit) {
  const TrainingFolder folder;
  std::mt19937 random(7);
  for (int kills = 0; kills < 6; ++kills) {
    const pid_t child = start_program({"r.lua"}, folder.path());
    wait_ms(static_cast<int>(300 + random() % 1500));
    kill(child, SIGKILL);
    finish_program(child, folder.path());
  }
  const Outcome last = folder.train();
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(folder.last_lora(), expected_lora());
  EXPECT_THAT(folder.losses(), SizeIs(6));
}

TEST(Training, StoppedBySigtermSavesAndGoesOn) {
  Running folder("steps = 400");
  folder.wait_for_checkpoint(2);
  const Outcome outcome = folder.end_by(SIGTERM);
  EXPECT_EQ(outcome.exit_code, 143) << outcome.err;
  EXPECT_FALSE(outcome.by_signal);
  EXPECT_THAT(folder.journal(), HasSubstr("SIGTERM"));
  const size_t steps = folder.losses().size();
  EXPECT_EQ(folder.train({"--steps", std::to_string(steps + 1)}).exit_code, 0);
  EXPECT_THAT(folder.losses(), SizeIs(steps + 1));
}

TEST(Training, StoppedBySigintSaysWhatItDoes) {
  Running folder("steps = 400");
  folder.wait_for_checkpoint(2);
  const Outcome outcome = folder.end_by(SIGINT);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the step is finished and saved first"));
}

TEST(Training, RefusesASecondProcessOnTheSameFolder) {
  Running folder("steps = 400");
  folder.wait_for_checkpoint(2);
  fs::create_directories(folder.path() / "second");
  const Outcome second = run_program({"../r.lua", "--runs", "../runs"}, folder.path() / "second");
  const std::string holder = std::to_string(folder.child());
  folder.end_by(SIGTERM);
  EXPECT_EQ(second.exit_code, 2) << second.err;
  EXPECT_THAT(second.err, HasSubstr("another process (" + holder + ")"));
}

TEST(Training, RefusesAnotherRankInsideARun) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train({"--steps", "2"}).exit_code, 0);
  const Outcome outcome = folder.train({"--set", "network.rank=4"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("it cannot change inside a run"));
}

TEST(Training, RefusesOtherPicturesInsideARun) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train({"--steps", "2"}).exit_code, 0);
  write_picture(folder.path() / "photos/7.png", 7, 64, 64);
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("pictures or captions changed"));
}

TEST(Training, StopsWhenThePolicySaysSo) {
  const TrainingFolder folder(
      "on = { step = function(state, run) if run.step > 3 then return { stop = 'enough' } end end "
      "}");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(folder.losses(), SizeIs(3));
  EXPECT_TRUE(fs::exists(folder.run("checkpoints/run-000003.safetensors")));
}

TEST(Training, UsesTheRateThatTheHookGives) {
  const TrainingFolder folder(
      "on = { step = function(state, run) state.n = (state.n or 0) + 1 return { lr = state.n * "
      "1e-4 } end }");
  ASSERT_EQ(folder.train({"--steps", "3"}).exit_code, 0);
  ASSERT_EQ(folder.train({"--steps", "4"}).exit_code, 0);
  EXPECT_THAT(read_all(folder.run("metrics.jsonl")), HasSubstr("\"transformer\":0.0004"));
}

TEST(Training, PrintsOneJsonObjectWhenAsked) {
  const TrainingFolder folder;
  const Outcome outcome = folder.train({"--steps", "1", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["status"], "complete");
}

TEST(Step, WritesEveryTensorOfOneStep) {
  const TrainingFolder folder;
  const Outcome outcome =
      run_program({"step", "r.lua", "--at", "3", "--out", "s.safetensors"}, folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder.path() / "s.safetensors"));
  EXPECT_FALSE(fs::exists(folder.path() / "runs/run"));
}

TEST(Inspect, TellsRankAlphaAndDialectOfATrainedFile) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train({"--steps", "1"}).exit_code, 0);
  const Outcome outcome = run_program(
      {"inspect", "runs/run/checkpoints/run-000001.safetensors", "--json"}, folder.path());
  const Json facts = Json::parse(outcome.out);
  EXPECT_EQ(facts["dialect"], "peft");
  EXPECT_EQ(facts["family"], "flux");
  EXPECT_EQ(facts["rank"], 2);
  EXPECT_EQ(facts["alpha"], 2.0);
}

TEST(Convert, ToKohyaAndBackKeepsEveryBit) {
  const TrainingFolder folder;
  ASSERT_EQ(folder.train({"--steps", "1"}).exit_code, 0);
  const std::string first = "runs/run/checkpoints/run-000001.safetensors";
  ASSERT_EQ(
      run_program({"convert", first, "k.safetensors", "--to", "kohya"}, folder.path()).exit_code,
      0);
  ASSERT_EQ(
      run_program({"convert", "k.safetensors", "p.safetensors", "--to", "peft"}, folder.path())
          .exit_code,
      0);
  const auto hash = [&](const std::string& file) {
    const Outcome outcome = run_program({"inspect", file, "--json"}, folder.path());
    return Json::parse(outcome.out)["metadata"]["sshs_model_hash"].get<std::string>();
  };
  EXPECT_EQ(hash(first), hash("p.safetensors"));
}

}  // namespace
}  // namespace lorarun::cli
