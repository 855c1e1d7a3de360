// Everything that a recipe can ask for trains on a card, and gives the CPU's losses.

#include <gmock/gmock.h>

#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

using ::testing::HasSubstr;

std::string micro(const std::string& more) {
  return "model = flux { path = '" + kMicro + "', " + more + " },";
}

TEST(OnTheCard, ALoraTrainsAsOnTheCpu) {
  expect_the_cpus_losses("");
}

TEST(OnTheCard, DropoutMasksAreTheCpus) {
  expect_the_cpus_losses("network = lora { rank = 4, dropout = 0.3 },");
}

TEST(OnTheCard, AccumulationAndRecomputeChangeNothing) {
  expect_the_cpus_losses(micro("dtype = 'float32', recompute = true") +
                         "batch = 1, accumulate = 2,");
}

TEST(OnTheCard, NarrowTypesTrain) {
  expect_the_cpus_losses(micro("dtype = 'bf16'"), kBFloat16);
}

TEST(OnTheCard, LatentsAreDrawnFromThePosterior) {
  expect_the_cpus_losses(
      "data = { images { dir = 'photos', caption = 'a thing', resolution = 64, min_size = 32,"
      "size_step = 16, latents = 'sample' } },");
}

class EveryOptimizer : public testing::TestWithParam<const char*> {};
TEST_P(EveryOptimizer, MovesTheWeightsAsOnTheCpu) {
  expect_the_cpus_losses("optimizer = " + std::string(GetParam()) + ",");
}
INSTANTIATE_TEST_SUITE_P(OnTheCard, EveryOptimizer,
                         testing::Values("sgd { lr = 1e-2 }", "muon { lr = 1e-2 }",
                                         "adamw { lr = 1e-2, betas = { 0.4, 0.9 } }"));

class EveryLoss : public testing::TestWithParam<const char*> {};
TEST_P(EveryLoss, IsTheCpus) {
  expect_the_cpus_losses(GetParam());
}
INSTANTIATE_TEST_SUITE_P(OnTheCard, EveryLoss,
                         testing::Values("loss = mae {},", "loss = huber { delta = 0.2 },",
                                         "loss = mse { weighting = 'cosmap' },",
                                         "timesteps = flux_shift {}, guidance = 3.5,"
                                         "loss = mse { weighting = 'sigma_sqrt' },"));

TEST(OnTheCard, TextEncodersTrainFromTheFirstStep) {
  expect_the_cpus_losses(micro("dtype = 'float32', text_dtype = 'float32'") +
                         "text_encoders = early_freeze { to = 0.5, lr = 5e-3 },");
}

TEST(OnTheCard, TextEncodersTrainLate) {
  expect_the_cpus_losses(
      "text_encoders = late_tune { from = 0.5, lr = 5e-3, encoders = { 'clip_l', 't5' } },");
}

TEST(OnTheCard, TheWholeTransformerTrains) {
  expect_the_cpus_losses("network = full {}, optimizer = adamw { lr = 1e-3 },");
}

TEST(OnTheCard, TheVaeTrains) {
  expect_the_cpus_losses(
      "network = full { components = { 'vae' } }, objective = autoencode { kl = 1e-3, scale = 0.2 "
      "}, optimizer = adamw { lr = 1e-3 },");
}

TEST(OnTheCard, GuidanceIsDistilled) {
  expect_the_cpus_losses("objective = distill_guidance {},");
}

// ---- measuring and pictures ----

constexpr const char* kRenders =
    "render = { every = 3, steps = 2, size = { 64, 48 }, prompts = { 'a red thing' } },";

std::vector<double> measured(const TrainingFolder& folder) {
  std::vector<double> losses;
  for (const Json& one : events_in(folder.run("journal.jsonl"), "evaluate")) {
    losses.push_back(one["heldout_loss"].get<double>());
  }
  return losses;
}

TEST(OnTheCard, HeldOutPicturesMeasureAsOnTheCpu) {
  const std::string evaluates = "evaluate = { every = 2, holdout = 2 },";
  const TrainingFolder cpu(evaluates), there(evaluates);
  train_on_the_cpu(cpu);
  train_on_the_card(there);
  expect_close(measured(there), measured(cpu), kFloat32);
}

void expect_the_cpus_pictures(const std::string& changes) {
  const TrainingFolder cpu(changes), there(changes);
  train_on_the_cpu(cpu);
  train_on_the_card(there);
  for (const char* name : {"samples/000000/000.png", "samples/000006/000.png"}) {
    if (!fs::exists(cpu.run(name))) { FAIL() << name; }
    const Image expected = load_image(cpu.run(name)), found = load_image(there.run(name));
    ASSERT_EQ(found.rgb.size(), expected.rgb.size());
    int most = 0;
    for (size_t i = 0; i < found.rgb.size(); ++i) {
      most = std::max(most, std::abs(int{found.rgb[i]} - int{expected.rgb[i]}));
    }
    EXPECT_LE(most, is_pretended() ? 1 : 8) << name;  // of 255 levels
  }
}

TEST(OnTheCard, PicturesAreTheCpus) {
  expect_the_cpus_pictures(kRenders);
}

TEST(OnTheCard, PicturesWithANegativePromptAreTheCpus) {
  expect_the_cpus_pictures(
      "render = { every = 3, steps = 2, size = { 64, 48 }, prompts = { 'a red thing' },"
      "negative = 'blue', true_cfg = 2, sampler = 'heun' },");
}

TEST(OnTheCard, SampleDrawsWithATrainedLora) {
  const TrainingFolder folder;
  train_on_the_card(folder);
  const Outcome outcome = run_with_the_card(
      {"sample", kMicro, "--lora", "runs/run/checkpoints/run-000006.safetensors", "--prompt",
       "a red thing", "--size", "64x48", "--steps", "2", "--out", "pictures", "--device", card()},
      folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder.path() / "pictures/000.png"));
}

// ---- going on, again and elsewhere ----

TEST(OnTheCard, AResumedRunWithAveragesGoesOnAsIfItHadNotStopped) {
  const TrainingFolder whole("ema = 0.9,"), parts("ema = 0.9,");
  train_on_the_card(whole);
  train_on_the_card(parts, {"--steps", "2"});
  train_on_the_card(parts, {"--steps", "4"});
  train_on_the_card(parts);
  expect_close(parts.losses(), whole.losses(), 0.0);
  if (is_pretended()) { EXPECT_EQ(parts.last_lora(), whole.last_lora()); }
}

TEST(OnTheCard, ARunOfTheCpuGoesOnThere) {
  const TrainingFolder whole, parts;
  train_on_the_cpu(whole);
  train_on_the_cpu(parts, {"--steps", "2"});
  const Outcome outcome = run_with_the_card(on_the_card({"r.lua"}), parts.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("this run trained on cpu so far, and goes on on " + card()));
  expect_close(parts.losses(), whole.losses(), kFloat32);
}

TEST(OnTheCard, ReplayTrainsItAgain) {
  const TrainingFolder folder(kRenders);
  train_on_the_card(folder);
  const Outcome outcome = run_with_the_card({"replay", "run"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("6 of 6 steps"));
}

TEST(OnTheCard, AForkGoesOnFromAStep) {
  const TrainingFolder folder;
  train_on_the_card(folder);
  const Outcome outcome = run_with_the_card(
      {"fork", "run", "--at", "4", "--set", "optimizer.lr=1e-3", "--name", "calmer"},
      folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<double> forked = losses_in(folder.path() / "runs/calmer/metrics.jsonl");
  ASSERT_EQ(forked.size(), 2U);                               // of steps 5 and 6
  expect_close({forked[0]}, {folder.losses()[4]}, kFloat32);  // from the same weights
  EXPECT_NE(forked[1], folder.losses()[5]);                   // moved by another rate
}

// ---- two cards ----

class TwoCards : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_pretended()) { GTEST_SKIP() << "pending: no second card"; }
  }
  const Variable cards_{"PRETEND_DEVICES", "2"};
};

TEST_F(TwoCards, TheSecondOneTrains) {
  const TrainingFolder cpu("ema = 0.9,"), there("ema = 0.9,");
  train_on_the_cpu(cpu);
  const Outcome outcome = run_with_the_card({"r.lua", "--set", "device=pretend:1"}, there.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_close(there.losses(), cpu.losses(), kFloat32);
}

TEST_F(TwoCards, AnEighthIsNotThere) {
  const TrainingFolder folder;
  const Outcome outcome = run_with_the_card({"r.lua", "--set", "device=pretend:7"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("there is no pretend:7; this machine has 2 devices"));
}

TEST(OnTheCard, AStepIsLaidOpen) {
  const TrainingFolder folder;
  const Outcome outcome = run_with_the_card(
      on_the_card({"step", "r.lua", "--at", "2", "--out", "step.safetensors"}), folder.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder.path() / "step.safetensors"));
}

}  // namespace
}  // namespace lorarun::pretend_tests
