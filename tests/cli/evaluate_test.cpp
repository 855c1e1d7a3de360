// Evaluation and ready policies in whole runs of the real program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kEvaluate = "evaluate = { every = 2, holdout = 2 }";

std::vector<Json> events(const TrainingFolder& folder, const std::string& event) {
  return events_in(folder.run("journal.jsonl"), event);
}

// "step value" of every evaluation, to the last digit.
std::vector<std::string> values(const TrainingFolder& folder) {
  std::vector<std::string> all;
  for (const Json& one : events(folder, "evaluate")) {
    all.push_back(one["step"].dump() + " " + one["heldout_loss"].dump() + " " +
                  one["details"].dump());
  }
  return all;
}

std::vector<Json> metric_lines(const TrainingFolder& folder) {
  return lines_in(folder.run("metrics.jsonl"));
}

TEST(Evaluate, TwoRunsMeasureTheSameToTheBit) {
  const TrainingFolder first(kEvaluate), second(kEvaluate);
  ASSERT_EQ(first.train().exit_code, 0);
  ASSERT_EQ(second.train().exit_code, 0);
  EXPECT_THAT(values(first), SizeIs(4));  // steps 0, 2, 4, 6
  EXPECT_EQ(values(first), values(second));
}

TEST(Evaluate, AResumedRunMeasuresWhatAnUninterruptedOneDoes) {
  const TrainingFolder whole(kEvaluate), parts(kEvaluate);
  ASSERT_EQ(whole.train().exit_code, 0);
  ASSERT_EQ(parts.train({"--steps", "2"}).exit_code, 0);
  ASSERT_EQ(parts.train({"--steps", "4"}).exit_code, 0);
  ASSERT_EQ(parts.train().exit_code, 0);
  EXPECT_EQ(values(parts), values(whole));
  EXPECT_EQ(parts.last_lora(), whole.last_lora());
}

TEST(Evaluate, ChangesNoBitOfTheTraining) {
  const TrainingFolder often("evaluate = { every = 1, holdout = 2, repeats = 2 }"),
      rarely("evaluate = { every = 100, holdout = 2 }");
  ASSERT_EQ(often.train().exit_code, 0);
  ASSERT_EQ(rarely.train().exit_code, 0);
  EXPECT_EQ(often.losses(), rarely.losses());
  const std::string last = "checkpoints/run-000006.state/tensors.safetensors";
  EXPECT_EQ(read_all(often.run(last)), read_all(rarely.run(last)));
}

TEST(Evaluate, NeverTrainsOnAHeldOutPicture) {
  const TrainingFolder folder("steps = 24, evaluate = { every = 100, holdout = 2 }");
  ASSERT_EQ(folder.train().exit_code, 0);
  std::set<std::string> seen;
  for (const Json& line : metric_lines(folder)) {
    for (const Json& item : line["items"]) { seen.insert(item.get<std::string>()); }
  }
  EXPECT_THAT(seen, SizeIs(4));
}

TEST(Evaluate, MeasuresAFolderOfItsOwn) {
  const TrainingFolder folder("evaluate = { every = 3, dir = 'unseen' }");
  fs::create_directories(folder.path() / "unseen");
  write_picture(folder.path() / "unseen/a.png", 9, 64, 64);
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_EQ(events(folder, "evaluate").at(0)["pictures"], 1);
}

TEST(Evaluate, RefusesToTakeEveryPicture) {
  const TrainingFolder folder("evaluate = { holdout = 6 }");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nothing is left to train on"));
}

TEST(Evaluate, CannotBeMeasuredInAnotherWayInsideARun) {
  const TrainingFolder folder(kEvaluate);
  ASSERT_EQ(folder.train({"--steps", "2"}).exit_code, 0);
  folder.set_recipe("evaluate = { every = 2, holdout = 2, seed = 7 }");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("evaluate.seed"));
  folder.set_recipe("evaluate = { every = 3, holdout = 2 }");
  EXPECT_EQ(folder.train().exit_code, 0);
}

TEST(Evaluate, ShowsItselfToHooks) {
  const TrainingFolder folder(std::string(kEvaluate) +
                              ", on = { step = function(state, run)\n"
                              "  if run.evaluation and run.evaluation.step == 4 then\n"
                              "    return { stop = 'seen ' .. #run.evaluation.history }\n"
                              "  end\nend }");
  EXPECT_EQ(folder.train().exit_code, 3);
  EXPECT_EQ(events(folder, "stop").back()["what"], "seen 3");
}

// A metric that cannot improve by so much.
constexpr const char* kEarlyStop =
    "steps = 40, evaluate = { every = 2, holdout = 2 },"
    "policies = { early_stop { patience = 3, min_delta = 100 } }";

TEST(EarlyStop, StopsWithCode3AndEverythingSaved) {
  const TrainingFolder folder(kEarlyStop);
  EXPECT_EQ(folder.train().exit_code, 3);
  EXPECT_THAT(folder.losses(), SizeIs(6));
  EXPECT_TRUE(fs::exists(folder.run("checkpoints/run-000006.state/state.json")));
  EXPECT_THAT(events(folder, "stop").back()["what"].get<std::string>(),
              HasSubstr("heldout_loss has not improved for 3 evaluations"));
  EXPECT_EQ(folder.train().exit_code, 3) << "nothing has changed, so it stops again";
}

TEST(EarlyStop, GoesOnWhenTheRecipeIsMorePatient) {
  const TrainingFolder folder(kEarlyStop);
  ASSERT_EQ(folder.train().exit_code, 3);
  folder.set_recipe("steps = 8, evaluate = { every = 2, holdout = 2 }");
  EXPECT_EQ(folder.train().exit_code, 0);
  EXPECT_THAT(folder.losses(), SizeIs(8));
}

// The weighting of step 5 makes its loss jump; after going back the loss is unweighted.
constexpr const char* kRollBack =
    "steps = 8, policies = { roll_back { factor = 2, after = 2, most = 1, lr_factor = 0.5,"
    " knobs = { loss = mse {} } } },\n"
    "on = { step = function(state, run)\n"
    "  if run.step == 5 then return { loss = mse { weighting = 'sigma_sqrt' } } end\nend }";

TEST(RollBack, GoesOnFromTheCheckpointWithChangedKnobs) {
  const TrainingFolder folder(kRollBack);
  ASSERT_EQ(folder.train().exit_code, 0);
  const std::vector<Json> rollbacks = events(folder, "rollback");
  ASSERT_THAT(rollbacks, SizeIs(1));
  EXPECT_EQ(rollbacks[0]["from"], 5);
  EXPECT_EQ(rollbacks[0]["to"], 4);
  std::vector<std::string> steps;
  for (const Json& line : metric_lines(folder)) {
    steps.push_back(line["step"].dump() + ":" + Json(line.value("attempt", 1)).dump() + ":" +
                    line["lr"]["transformer"].dump());
  }
  EXPECT_THAT(steps, ElementsAre("1:1:0.01", "2:1:0.01", "3:1:0.01", "4:1:0.01", "5:1:0.01",
                                 "5:2:0.005", "6:2:0.005", "7:2:0.005", "8:2:0.005"));
}

TEST(RollBack, RecoversFromALossThatIsNotFinite) {
  const std::string hook =
      "on = { step = function(state, run) if run.step == 5 then return { lr = 1e38 } end end }";
  const TrainingFolder folder("steps = 8, policies = { roll_back { knobs = { lr = 1e-3 } } }, " +
                              hook);
  EXPECT_EQ(folder.train().exit_code, 0);
  ASSERT_THAT(events(folder, "rollback"), SizeIs(1));
  EXPECT_THAT(events(folder, "rollback")[0]["why"].get<std::string>(), HasSubstr("not finite"));
  const TrainingFolder alone("steps = 8, " + hook);
  EXPECT_EQ(alone.train().exit_code, 1) << "without the policy it is a failure";
}

TEST(RollBack, AResumedRunRemembersThatItWentBack) {
  const TrainingFolder whole(kRollBack), parts(kRollBack);
  ASSERT_EQ(whole.train().exit_code, 0);
  ASSERT_EQ(parts.train({"--steps", "6"}).exit_code, 0);
  ASSERT_EQ(parts.train().exit_code, 0);
  EXPECT_EQ(parts.losses(), whole.losses());
  const std::string last = "checkpoints/run-000008.state/tensors.safetensors";
  EXPECT_EQ(read_all(parts.run(last)), read_all(whole.run(last)));
  EXPECT_EQ(metric_lines(parts).back()["attempt"], 2);
  EXPECT_THAT(events(parts, "rollback"), SizeIs(1));
}

TEST(RollBack, SaysWhenThereIsNoCheckpoint) {
  const TrainingFolder folder(
      "steps = 5, save = { every = 50 }, policies = { roll_back { factor = 1, after = 1 } }");
  ASSERT_EQ(folder.train().exit_code, 0);
  EXPECT_THAT(events(folder, "rollback"), IsEmpty());
  EXPECT_THAT(folder.journal(), HasSubstr("there is no checkpoint to go back to"));
}

TEST(KeepBest, KeepsTheBestWhateverIsPruned) {
  const TrainingFolder folder(
      "steps = 20, save = { every = 5, keep = 1 }, evaluate = { every = 2, holdout = 2 },"
      "on = { select = best { by = 'heldout_loss', keep = 2 } }");
  ASSERT_EQ(folder.train().exit_code, 0);
  const Json kept = Json::parse(read_all(folder.run("best.json")))["keep_best#1"];
  ASSERT_THAT(kept, SizeIs(2));
  double smallest = 1e9;
  for (const Json& one : events(folder, "evaluate")) {
    if (one["step"] > 0) { smallest = std::min(smallest, one["heldout_loss"].get<double>()); }
  }
  EXPECT_EQ(kept[0]["value"].get<double>(), smallest);
  for (const Json& one : kept) { EXPECT_TRUE(fs::exists(folder.run(one["file"]))); }
  EXPECT_EQ(read_all(folder.run("checkpoints/best.safetensors")),
            read_all(folder.run(kept[0]["file"])));
  EXPECT_THAT(events(folder, "select"), Not(IsEmpty()));
  std::set<std::string> there, expected = {"run-000020.safetensors"};
  for (const Json& one : kept) { expected.insert(fs::path(one["file"]).filename()); }
  for (const auto& entry : fs::directory_iterator(folder.run("checkpoints"))) {
    const std::string name = entry.path().filename();
    if (name.starts_with("run-") && !name.ends_with(".raw.safetensors") &&
        name.ends_with(".safetensors")) {
      there.insert(name);
    }
  }
  EXPECT_EQ(there, expected) << "and nothing that is no longer among the best";
}

}  // namespace
}  // namespace lorarun::cli
