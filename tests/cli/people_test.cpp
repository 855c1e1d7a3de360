// What people bring and type, at the real program: files that are no recipe, settings by other
// names, pictures switched off, a log that can be read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void expect_named(const Outcome& outcome, const std::string& what) {
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: " + what), HasSubstr("at: "), HasSubstr("fix: "),
                                 Not(HasSubstr("json.exception"))));
}

TEST(People, GiveALoraOrAPictureAsARecipe) {
  const TrainingFolder folder("steps = 1");
  ASSERT_EQ(folder.train().exit_code, 0);
  fs::copy(folder.run("checkpoints/run-000001.safetensors"), folder.path() / "anna.safetensors");
  expect_named(run_program({"anna.safetensors"}, folder.path()), "this is a file of weights");
  expect_named(run_program({"plan", "photos/1.png"}, folder.path()), "this is a picture");
}

TEST(People, GiveTheJobOfAnotherTrainerAsARecipe) {
  const Folder folder;
  folder.write("job.yaml",
               "job: extension\nconfig:\n  process:\n    - type: sd_trainer\n      linear: 16\n");
  const Outcome outcome = run_program({"job.yaml"}, folder.path());
  expect_named(outcome, "this is a job of ai-toolkit");
  EXPECT_THAT(outcome.err, HasSubstr("linear = 16 is network.rank"));
}

TEST(People, SetALearningRateInTheirOwnWords) {
  const TrainingFolder folder("steps = 1");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--lr", "2e-3"}, {"--set", "lr=2e-3"}, {"--set", "learning_rate=2e-3"}}) {
    std::vector<std::string> more = words;
    more.emplace_back("--explain");
    EXPECT_THAT(folder.train(more).out, testing::ContainsRegex("optimizer.lr +0.002 +command line"))
        << words[1];
  }
}

TEST(People, SwitchPicturesAndCheckpointsOff) {
  const TrainingFolder folder(
      "render = { every = 0, prompts = { 'a thing' }, size = { 64, 64 } }, save = { every = 0 }");
  const Outcome outcome = folder.train();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(fs::exists(folder.run("samples")));
  EXPECT_EQ(events_in(folder.run("journal.jsonl"), "checkpoint").size(), 1u);
  EXPECT_TRUE(fs::exists(folder.run("checkpoints/run-000006.safetensors")));
}

TEST(People, LeaveTheListOfPromptsEmpty) {
  const TrainingFolder folder("steps = 1, render = { prompts = {} }");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("render has no prompts: no pictures are drawn"));
}

TEST(People, ReadALogInWhichARateFallsAtEveryStep) {
  const TrainingFolder folder(
      "steps = 20, save = { every = 100 }, on = { step = function(state, run)\n"
      "    return { lr = 1e-2 * (1 - run.progress) } end }");
  ASSERT_EQ(folder.train().exit_code, 0);
  const std::string log = run_program({"log", "run"}, folder.path()).out;
  EXPECT_THAT(log, HasSubstr("on.step: lr 0.01 -> 0.0005; 20 times, the last at step 20\n"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 6);
  const std::string all = run_program({"log", "run", "--all"}, folder.path()).out;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 24);
}

TEST(People, MakeAMistakeInTheLastStepAndHearOfItBeforeAnythingIsEncoded) {
  const TrainingFolder folder(
      "on = { step = function(state, run) if run.step == 6 then return { lr = -1 } end end }");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("on.step at step 6"), Not(HasSubstr("encoded"))));
  EXPECT_FALSE(fs::exists(folder.path() / "runs"));
}

TEST(People, EditACaptionAndHearWhichWhenTheyResume) {
  const TrainingFolder folder("steps = 2");
  ASSERT_EQ(folder.train().exit_code, 0);
  folder.write("photos/1.txt", "a blue thing");
  const Outcome outcome = folder.train({"--steps", "4"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("photos/1.txt changed"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("2.png changed")));
}

TEST(People, TypeANumberThatIsHardlyMeantAndAreAskedFirst) {
  const TrainingFolder folder("steps = 1");
  const std::string said = folder.train({"--lr", "1000"}).err;
  EXPECT_LT(said.find("optimizer.lr = 1000 is far above the usual"), said.find("6 pictures"));
}

TEST(People, AskAVerbWhatItIs) {
  const Folder folder;
  const Outcome outcome = run_program({"tweak", "--help"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("changes knobs of a running run"),
                                 HasSubstr("usage: lorarun tweak RUN KEY=VALUE")));
}

}  // namespace
}  // namespace lorarun::cli
