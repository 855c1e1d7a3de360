// What a run folder proves: replay, fork, compare, log and rerun of the real program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <sstream>

#include "tests/cli/running.h"

namespace lorarun::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRenders =
    "render = { every = 3, steps = 2, size = { 64, 64 }, prompts = { 'a red thing' } }";

Outcome run_in(const TrainingFolder& folder, const std::vector<std::string>& words) {
  return run_program(words, folder.path());
}

Json json_of(const Outcome& outcome) {
  return Json::parse(outcome.out);
}

void append(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

// A folder whose run was trained.
class TrainedFolder : public TrainingFolder {
 public:
  explicit TrainedFolder(const std::string& changes = "", const std::vector<std::string>& more = {})
      : TrainingFolder(changes) {
    const Outcome outcome = train(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
};

TEST(Replay, FindsAPlainRunEqualToTheBit) {
  const TrainedFolder folder;
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("3 of 3 checkpoints equal to the bit"));
  EXPECT_THAT(outcome.out, EndsWith("6 of 6 steps equal to the bit\n"));
}

TEST(Replay, GoesToAStep) {
  const TrainedFolder folder;
  const Outcome outcome = run_in(folder, {"replay", "run", "--to", "3"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, EndsWith("3 of 3 steps equal to the bit\n"));
  const Outcome beyond = run_in(folder, {"replay", "run", "--to", "9"});
  EXPECT_EQ(beyond.exit_code, 2);
  EXPECT_THAT(beyond.err, HasSubstr("step 9 of a run that stands at step 6"));
}

TEST(Replay, FindsAManipulatedMetric) {
  const TrainedFolder folder;
  const std::string text = read_all(folder.run("metrics.jsonl"));
  const std::string changed =
      std::regex_replace(text, std::regex("(\"step\":4.*?\"loss\":)[0-9.]+"), "$011.25",
                         std::regex_constants::format_first_only);
  ASSERT_NE(text, changed);
  std::ofstream(folder.run("metrics.jsonl"), std::ios::binary) << changed;
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("first difference at step 4: loss was 1.25"));
  EXPECT_THAT(outcome.out, EndsWith("3 of 4 steps equal to the bit\n"));
}

TEST(Replay, FindsAChangedCheckpoint) {
  const TrainedFolder folder;
  append(folder.run("checkpoints/run-000004.safetensors"), "x");
  const Outcome outcome = run_in(folder, {"replay", "run", "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(json_of(outcome)["first_difference"]["key"], "bytes of run-000004.safetensors");
}

TEST(Replay, HasWhatTheCommandLineGave) {
  const TrainedFolder folder("", {"--set", "optimizer.lr=5e-3", "--set", "data.dir=photos",
                                  "--seed", "9", "--steps", "4", "--name", "other"});
  const Outcome outcome = run_in(folder, {"replay", "other"});
  EXPECT_THAT(outcome.out, EndsWith("4 of 4 steps equal to the bit\n")) << outcome.err;
}

TEST(Replay, HasARecipeThatWasEditedBetweenTwoStarts) {
  const TrainedFolder folder("", {"--steps", "3"});
  folder.set_recipe("optimizer = adamw { lr = 2e-3 }, steps = 7");
  ASSERT_EQ(folder.train().exit_code, 0);
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("7 of 7 steps equal to the bit\n")) << outcome.err;
}

TEST(Replay, MakesTheRecipesDecisionsAgain) {
  const TrainedFolder folder(
      "on = { step = function(state, run) state.n = (state.n or 0) + 1 "
      "return { lr = state.n > 3 and (run.loss or 0) * 1e-3 or 1e-2 } end }");
  const Outcome outcome = run_in(folder, {"replay", "run", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_of(outcome)["equal"], 6);
  EXPECT_EQ(json_of(outcome)["decisions"], 4);
}

TEST(Replay, LosesOnlyATornLastLine) {
  const TrainedFolder folder;
  append(folder.run("journal.jsonl"), R"({"time":"2026-01-01T00:0)");
  append(folder.run("metrics.jsonl"), R"({"step":7,"lo)");
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("2 torn lines left out"));
  EXPECT_THAT(outcome.out, EndsWith("6 of 6 steps equal to the bit\n"));
}

TEST(Replay, RefusesOtherPictures) {
  const TrainedFolder folder;
  folder.write("photos/3.txt", "another caption");
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("pictures or captions changed since the run was recorded"));
}

TEST(Replay, LeavesNothingBehindAndTheRunAsItWas) {
  const TrainedFolder folder;
  const std::string journal = folder.journal();
  ASSERT_EQ(run_in(folder, {"replay", "run", "--keep", "again"}).exit_code, 0);
  EXPECT_EQ(folder.journal(), journal);
  EXPECT_EQ(read_all(folder.path() / "again/run/checkpoints/run-000006.safetensors"),
            folder.last_lora());
}

TEST(Replay, HasARunThatWasKilledAndResumed) {
  Running folder("steps = 12");
  folder.wait_for_checkpoint(4);
  folder.end_by(SIGKILL);
  ASSERT_EQ(folder.train().exit_code, 0);
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("12 of 12 steps equal to the bit\n")) << outcome.err;
}

TEST(Replay, HasTweaksOfTheRunningRun) {
  Running folder("steps = 40");
  folder.wait_for_checkpoint(2);
  const fs::path other = folder.path() / "elsewhere";
  fs::create_directories(other);
  const Outcome tweak = run_program({"tweak", folder.folder(), "lr=1e-3", "--for", "9"}, other);
  EXPECT_EQ(tweak.exit_code, 0) << tweak.err;
  EXPECT_EQ(folder.wait().exit_code, 0);
  EXPECT_THAT(run_in(folder, {"log", "run", "--event", "tweak"}).out, HasSubstr("lr = 0.001"));
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("40 of 40 steps equal to the bit\n")) << outcome.err;
  ASSERT_EQ(run_in(folder, {"fork", "run", "--at", "37", "--name", "child"}).exit_code, 0);
  EXPECT_THAT(run_in(folder, {"compare", "run", "child"}).out,
              EndsWith("\nequal to the bit on 3 steps and 2 checkpoints\n"));
}

TEST(Replay, HasARecipeThatWasSavedWhileItTrained) {
  Running folder("steps = 40");
  folder.wait_for_checkpoint(2);
  folder.set_recipe("steps = 40, optimizer = adamw { lr = 2e-3 }");
  EXPECT_EQ(folder.wait().exit_code, 0);
  EXPECT_THAT(folder.journal(), HasSubstr("\"event\":\"reload\""));
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("40 of 40 steps equal to the bit\n")) << outcome.err;
}

TEST(Replay, GoesBackWhereTheRunWentBack) {
  const TrainedFolder folder(
      "steps = 12, policies = { roll_back { factor = 1.02, after = 3, most = 1 } }");
  EXPECT_THAT(folder.journal(), HasSubstr("\"event\":\"rollback\""));
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("12 of 12 steps equal to the bit\n")) << outcome.err;
}

TEST(Replay, HoldsToTheRecordedDecisionsWithinABand) {
  const TrainedFolder folder(
      "steps = 12, policies = { roll_back { factor = 1.02, after = 3, most = 1 } }, "
      "on = { step = function(state, run) return { lr = (run.loss or 1) * 1e-2 } end }");
  const Outcome outcome = run_in(folder, {"replay", "run", "--band", "0.05"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, EndsWith("12 of 12 steps equal within 5 % of the loss, on cpu\n"));
}

TEST(Replay, MeasuresTheSameEvaluations) {
  const TrainedFolder folder("evaluate = { every = 3, holdout = 2 }");
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, HasSubstr("3 evaluations measured the same")) << outcome.err;
}

TEST(Replay, LosesTheAnswersThatWereLost) {
  const TrainedFolder folder(
      "on = { step = function(state, run) state.n = (state.n or 0) + 1 "
      "if run.step == 4 and run.loss > 1.2 and run.loss < 2 then error('no answer') end "
      "return { lr = 1e-3 * state.n } end }");
  EXPECT_THAT(folder.journal(), HasSubstr("no answer"));
  const Outcome outcome = run_in(folder, {"replay", "run"});
  EXPECT_THAT(outcome.out, EndsWith("6 of 6 steps equal to the bit\n")) << outcome.err;
}

TEST(Fork, WithNoChangeEqualsItsParent) {
  const TrainedFolder folder;
  const Outcome fork = run_in(folder, {"fork", "run", "--at", "4", "--name", "child"});
  ASSERT_EQ(fork.exit_code, 0) << fork.err;
  const Outcome compared = run_in(folder, {"compare", "run", "child"});
  EXPECT_THAT(compared.out, EndsWith("equal to the bit on 2 steps and 2 checkpoints\n"));
  const auto first =
      Json::parse(read_all(folder.path() / "runs/child/journal.jsonl")
                      .substr(0, read_all(folder.path() / "runs/child/journal.jsonl").find('\n')));
  EXPECT_EQ(first["event"], "fork");
  EXPECT_EQ(first["step"], 4);
  EXPECT_EQ(first["parent"], "run");
}

TEST(Fork, WithNoChangeTakesOverWhatItsParentGotLater) {
  Running folder("steps = 40");
  folder.wait_for_checkpoint(2);
  const fs::path other = folder.path() / "elsewhere";
  fs::create_directories(other);
  EXPECT_EQ(run_program({"tweak", folder.folder(), "lr=1e-3", "--for", "9"}, other).exit_code, 0);
  EXPECT_EQ(folder.wait().exit_code, 0);
  ASSERT_EQ(run_in(folder, {"fork", "run", "--at", "2", "--name", "child"}).exit_code, 0);
  EXPECT_THAT(run_in(folder, {"compare", "run", "child"}).out,
              HasSubstr("\nequal to the bit on 38 steps"));
  EXPECT_THAT(run_in(folder, {"replay", "child"}).out,
              EndsWith("40 of 40 steps equal to the bit\n"));
  ASSERT_EQ(run_in(folder, {"fork", "run", "--at", "2", "--name", "own", "--alone"}).exit_code, 0);
  EXPECT_THAT(run_in(folder, {"compare", "run", "own"}).out, HasSubstr("\nfirst difference at"));
}

TEST(Fork, GoesByTheJournalToAStepThatHasNoCheckpoint) {
  const TrainedFolder folder;
  const Outcome fork = run_in(folder, {"fork", "run", "--at", "3", "--name", "child"});
  ASSERT_EQ(fork.exit_code, 0) << fork.err;
  EXPECT_THAT(fork.err, HasSubstr("run has no checkpoint at step 3"));
  const Outcome compared = run_in(folder, {"compare", "run", "child"});
  EXPECT_THAT(compared.out, EndsWith("equal to the bit on 3 steps and 2 checkpoints\n"));
}

TEST(Fork, CanBeReplayedWithoutItsParent) {
  const TrainedFolder folder;
  const Outcome fork = run_in(folder, {"fork", "run", "--at", "3", "--name", "child", "--set",
                                       "optimizer.lr=1e-3", "--steps", "8"});
  ASSERT_EQ(fork.exit_code, 0) << fork.err;
  fs::remove_all(folder.path() / "runs/run");
  const Outcome outcome = run_in(folder, {"replay", "child"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, EndsWith("5 of 5 steps equal to the bit\n"));
}

TEST(Fork, WithASettingDiffersFromItsParentFromThereOn) {
  const TrainedFolder folder;
  ASSERT_EQ(
      run_in(folder, {"fork", "run", "--at", "2", "--name", "child", "--set", "optimizer.lr=1e-3"})
          .exit_code,
      0);
  const Outcome compared = run_in(folder, {"compare", "run", "child"});
  EXPECT_THAT(compared.out, HasSubstr("setting      optimizer.lr: 0.01 -> 0.001"));
  EXPECT_THAT(compared.out, HasSubstr("step 2       tensors equal to the bit"));
  EXPECT_THAT(compared.out, HasSubstr("first difference at step 3: lr"));
}

TEST(Fork, DoesNotTakeAnotherChildForItsOwn) {
  const TrainedFolder folder;
  const std::vector<std::string> words = {"fork", "run", "--at", "4", "--set"};
  const auto with = [&words](const std::string& setting) {
    std::vector<std::string> all = words;
    all.push_back(setting);
    return all;
  };
  ASSERT_EQ(run_in(folder, with("clip=0.5")).exit_code, 0);
  EXPECT_THAT(run_in(folder, with("clip=0.5")).err, HasSubstr("run run-at-4 is complete"));
  EXPECT_EQ(run_in(folder, with("clip=0.6")).exit_code, 2);
}

TEST(Fork, TakesANewRecipe) {
  const TrainedFolder folder;
  folder.write("new.lua",
               recipe_text(kMicro, std::string("loss = huber { delta = 0.5 }, ") + kRenders));
  const Outcome fork =
      run_in(folder, {"fork", "run", "--at", "4", "--name", "child", "--recipe", "new.lua"});
  ASSERT_EQ(fork.exit_code, 0) << fork.err;
  const Outcome compared = run_in(folder, {"compare", "run", "child"});
  EXPECT_THAT(compared.out, HasSubstr("setting      loss.kind: mse -> huber"));
  EXPECT_TRUE(fs::exists(folder.path() / "runs/child/samples/000006.png"));
}

TEST(Fork, RefusesWhatShapesTheWeightsByName) {
  const TrainedFolder folder;
  const Outcome fork =
      run_in(folder, {"fork", "run", "--at", "4", "--name", "child", "--set", "network.rank=4"});
  EXPECT_EQ(fork.exit_code, 2);
  EXPECT_THAT(fork.err, HasSubstr("network.rank is 2 in run and would be 4 in its fork"));
  EXPECT_FALSE(fs::exists(folder.path() / "runs/child"));
}

TEST(Fork, RefusesAStepBeyondTheEnd) {
  const TrainedFolder folder;
  const Outcome fork = run_in(folder, {"fork", "run", "--at", "50"});
  EXPECT_EQ(fork.exit_code, 2);
  EXPECT_THAT(fork.err, HasSubstr("step 50 is beyond the end: run stands at step 6"));
}

TEST(Fork, RefusesANameThatIsTaken) {
  const TrainedFolder folder;
  ASSERT_EQ(folder.train({"--name", "child", "--steps", "2"}).exit_code, 0);
  const Outcome fork = run_in(folder, {"fork", "run", "--at", "4", "--name", "child"});
  EXPECT_EQ(fork.exit_code, 2);
  EXPECT_THAT(fork.err, HasSubstr("a run named child is there already, and it is another"));
}

// Interrupts a fork after its first own checkpoint, goes on with `words`, and compares.
void expect_goes_on(const std::vector<std::string>& words) {
  const TrainedFolder folder("steps = 30");
  const std::vector<std::string> fork = {"fork", "run", "--at", "4", "--name", "child"};
  const pid_t child = start_program(fork, folder.path());
  wait_for_file(folder.path() / "runs/child/checkpoints/child-000006.safetensors");
  kill(child, SIGTERM);
  EXPECT_EQ(finish_program(child, folder.path()).exit_code, 143);
  const Outcome outcome = run_in(folder, words.empty() ? fork : words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("resumes at step"));
  const Outcome compared = run_in(folder, {"compare", "run", "child"});
  EXPECT_THAT(compared.out, HasSubstr("\nequal to the bit on 26 steps"));
}

TEST(Fork, GoesOnByTheSameCommandAfterAnInterruption) {
  expect_goes_on({});
}

TEST(Fork, GoesOnByItsFolderAfterAnInterruption) {
  expect_goes_on({"runs/child"});
}

TEST(Compare, WritesAPageWithThePicturesSideBySide) {
  const TrainedFolder folder(kRenders);
  ASSERT_EQ(run_in(folder, {"fork", "run", "--at", "4", "--name", "child"}).exit_code, 0);
  const Outcome outcome = run_in(folder, {"compare", "run", "child", "--html", "page.html"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("pictures of step 6: page.png"));
  EXPECT_THAT(read_all(folder.path() / "page.html"), HasSubstr("<img src=\"page.png\""));
  EXPECT_GT(load_image(folder.path() / "page.png").width, 2 * 64);
}

TEST(Compare, GivesNumbersAsJson) {
  const TrainedFolder folder;
  ASSERT_EQ(folder.train({"--name", "other", "--set", "optimizer.lr=1e-3"}).exit_code, 0);
  const Json result = json_of(run_in(folder, {"compare", "run", "other", "--json"}))["results"][0];
  EXPECT_EQ(result["losses"]["paired"], 6);
  EXPECT_EQ(result["losses"]["first"]["step"], 1);
  EXPECT_EQ(result["settings"][0]["key"], "optimizer.lr");
  EXPECT_EQ(result["verdict"], "difference");
}

TEST(Compare, SaysThatOtherSeedsMeanOtherNoise) {
  const TrainedFolder folder;
  ASSERT_EQ(folder.train({"--name", "other", "--seed", "4"}).exit_code, 0);
  const Outcome outcome = run_in(folder, {"compare", "run", "other"});
  EXPECT_THAT(outcome.out, HasSubstr("other seeds: other noise"));
}

TEST(Compare, NeedsTwoRuns) {
  const TrainedFolder folder;
  EXPECT_EQ(run_in(folder, {"compare", "run"}).exit_code, 2);
  EXPECT_THAT(run_in(folder, {"compare", "run", "rum"}).err, HasSubstr("did you mean 'run'?"));
}

// The words of every command in the page's sh blocks, without "./lorarun".
std::vector<std::vector<std::string>> commands_of_page(const std::string& page) {
  std::vector<std::vector<std::string>> commands;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("./lorarun ")) { continue; }
    std::istringstream words(line.substr(10));
    commands.emplace_back(std::istream_iterator<std::string>(words),
                          std::istream_iterator<std::string>());
  }
  return commands;
}

TEST(ReplayAndForkPage, RunsAsWritten) {
  const TrainingFolder folder;
  fs::rename(folder.path() / "r.lua", folder.path() / "recipe.lua");
  const auto commands =
      commands_of_page(read_all(fs::path(LORARUN_SOURCE_DIR) / "docs/replay_and_fork.md"));
  EXPECT_GE(commands.size(), 10);
  for (const auto& words : commands) {
    const Outcome outcome = run_in(folder, words);
    EXPECT_EQ(outcome.exit_code, 0) << words[0] << " " << words[1] << "\n" << outcome.err;
  }
}

TEST(Log, ShowsALineAnEvent) {
  const TrainedFolder folder;
  const Outcome outcome = run_in(folder, {"log", "run"});
  EXPECT_THAT(outcome.out, HasSubstr(" 0  start      recipe  recipe "));
  EXPECT_THAT(outcome.out, HasSubstr(" 4  checkpoint recipe  run-000004.safetensors\n"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 6);
}

TEST(Log, ShowsOneKindOfEvent) {
  const TrainedFolder folder;
  const Json shown = json_of(run_in(folder, {"log", "run", "--event", "checkpoint", "--json"}));
  EXPECT_EQ(shown["events"].size(), 3);
  const Outcome unknown = run_in(folder, {"log", "run", "--event", "chekpoint"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("events of this run: checkpoint, start, stop"));
}

TEST(Rerun, RebuildsARunFromAFileOfAnyDialect) {
  const TrainedFolder folder("", {"--set", "optimizer.lr=5e-3", "--steps", "4"});
  const std::string lora = "runs/run/checkpoints/run-000004.safetensors";
  for (const std::string dialect : {"peft", "kohya", "comfy"}) {
    const std::string file = dialect + ".safetensors";
    ASSERT_EQ(run_in(folder, {"convert", lora, file, "--to", dialect}).exit_code, 0);
    const Outcome rerun = run_in(folder, {"rerun", file, "--name", dialect});
    ASSERT_EQ(rerun.exit_code, 0) << rerun.err;
    EXPECT_THAT(run_in(folder, {"compare", "run", dialect}).out,
                EndsWith("equal to the bit on 4 steps and 2 checkpoints\n"));
  }
}

TEST(Rerun, TakesPicturesFromAnotherFolder) {
  const TrainedFolder folder("", {"--steps", "2"});
  fs::rename(folder.path() / "photos", folder.path() / "moved");
  const std::string lora = "runs/run/checkpoints/run-000002.safetensors";
  const Outcome rerun = run_in(folder, {"rerun", lora, "--name", "again", "--data", "moved"});
  EXPECT_EQ(rerun.exit_code, 0) << rerun.err;
}

TEST(Rerun, RefusesOtherPicturesUnlessAsked) {
  const TrainedFolder folder("", {"--steps", "2"});
  folder.write("photos/3.txt", "another caption");
  const std::string lora = "runs/run/checkpoints/run-000002.safetensors";
  const Outcome refused = run_in(folder, {"rerun", lora, "--name", "again"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("others than those that the file was trained on"));
  const Outcome asked = run_in(folder, {"rerun", lora, "--name", "again", "--any-data"});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
}

TEST(Rerun, SaysThatAFileCarriesNoRecipe) {
  const TrainingFolder folder;
  const Outcome outcome =
      run_in(folder, {"rerun", kMicro + "/vae/diffusion_pytorch_model.safetensors"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("the file carries no recipe"));
}

}  // namespace
}  // namespace lorarun::cli
