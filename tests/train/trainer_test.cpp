#include "runtime/train/trainer.h"

#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "tests/golden/closeness.h"
#include "tests/train/micro_run.h"

namespace lorarun::train {
namespace {

std::vector<Tensor> parameters_of(MicroRun& run) {
  std::vector<Tensor> all;
  for (const auto& one : run.trainer->network().parameters()) {
    all.push_back(one.tensor.detach().clone());
  }
  return all;
}

void expect_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) { EXPECT_TRUE(a[i].equal(b[i])) << "parameter " << i; }
}

TEST(Trainer, TwoRunsOnOneMachineAreEqualToTheBit) {
  MicroRun first, second;
  for (int64_t step = 1; step <= 4; ++step) {
    EXPECT_EQ(first.step(step).loss, second.step(step).loss);
  }
  expect_equal(parameters_of(first), parameters_of(second));
}

TEST(Trainer, AccumulationEqualsTheBigBatch) {
  MicroRun split({.batch = 1, .accumulate = 2, .dropout = 0.0});
  MicroRun whole({.batch = 1, .accumulate = 2, .dropout = 0.0});
  const data::Batch batch = split.loader->next(1);
  data::Batch joined = whole.loader->next(1);
  if (!joined.micro[0].latents.sizes().equals(joined.micro[1].latents.sizes())) {
    GTEST_SKIP() << "the two pictures differ in size";
  }
  data::MicroBatch both = joined.micro[0];
  both.latents = at::cat({joined.micro[0].latents, joined.micro[1].latents});
  both.weight = at::cat({joined.micro[0].weight, joined.micro[1].weight});
  for (auto& [name, tensor] : both.text.text) {
    tensor = at::cat({tensor, joined.micro[1].text.text.at(name)});
  }
  for (auto& [name, tensor] : both.text.pooled) {
    tensor = at::cat({tensor, joined.micro[1].text.pooled.at(name)});
  }
  both.items.push_back(joined.micro[1].items[0]);
  joined.micro = {both};
  const Stats a = split.trainer->step(batch, MicroRun::knobs());
  const Stats b = whole.trainer->step(joined, MicroRun::knobs());
  const double bound = closeness::kOfProduct * closeness::of_sums(256, 24);
  EXPECT_NEAR(a.loss, b.loss, bound * b.loss);
  EXPECT_NEAR(a.grad_norm, b.grad_norm, bound * b.grad_norm);
}

TEST(Trainer, LowersTheLossOfABatchItSeesAgainAndAgain) {
  MicroRun run({.dropout = 0.0});
  const data::Batch batch = run.loader->next(1);
  const double before = run.trainer->step(batch, MicroRun::knobs()).loss;
  double after = before;
  for (int i = 0; i < 20; ++i) { after = run.trainer->step(batch, MicroRun::knobs()).loss; }
  EXPECT_LT(after, before);
}

TEST(Trainer, ANonFiniteLossStopsBeforeTheWeightsMove) {
  MicroRun run;
  run.step(1);
  const std::vector<Tensor> before = parameters_of(run);
  data::Batch batch = run.loader->next(2);
  batch.micro[0].latents.fill_(std::numeric_limits<float>::quiet_NaN());
  try {
    run.trainer->step(batch, MicroRun::knobs());
    FAIL() << "a NaN went through";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_NE(std::string(error.what()).find("step 2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(".png"), std::string::npos) << error.what();
  }
  expect_equal(before, parameters_of(run));
}

TEST(Trainer, ALearningRateThatIsNotFiniteIsRefused) {
  MicroRun run;
  Knobs knobs = MicroRun::knobs();
  knobs.lr = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(run.trainer->step(run.loader->next(1), knobs), Error);
}

TEST(Trainer, AGroupThatDoesNotTrainStaysAsItIs) {
  MicroRun run;
  const std::vector<Tensor> before = parameters_of(run);
  Knobs knobs = MicroRun::knobs();
  knobs.group_trains["transformer"] = false;
  const Stats stats = run.trainer->step(run.loader->next(1), knobs);
  EXPECT_EQ(stats.lr.at("transformer"), 0.0);
  expect_equal(before, parameters_of(run));
}

TEST(Trainer, ADecayOfZeroDropsTheAverages) {
  MicroRun run;
  run.step(1);
  EXPECT_TRUE(run.trainer->has_ema());
  Knobs knobs = MicroRun::knobs();
  knobs.ema = 0.0;
  run.trainer->step(run.loader->next(2), knobs);
  EXPECT_FALSE(run.trainer->has_ema());
}

TEST(Trainer, ABatchOfWeightZeroIsNoSignOfABrokenGraph) {
  MicroRun run;
  data::Batch batch = run.loader->next(1);
  for (data::MicroBatch& micro : batch.micro) { micro.weight.zero_(); }
  EXPECT_EQ(run.trainer->step(batch, MicroRun::knobs()).loss, 0.0);
}

TEST(Trainer, AdaptersThatGetNoGradientAreNamed) {
  MicroRun run;
  data::Batch batch = run.loader->next(1);
  const networks::Entry& dead = run.trainer->network().entries().front();
  for (const auto& one : dead.module->named_parameters()) { one.tensor.requires_grad_(false); }
  try {
    run.trainer->step(batch, MicroRun::knobs());
    FAIL() << "a dead adapter went through";
  } catch (const Error& error) {
    EXPECT_NE(error.headline().find(dead.target), std::string::npos) << error.what();
  }
}

TEST(Trainer, SwappingEmaTwiceGivesTheRawWeightsBack) {
  MicroRun run;
  for (int64_t step = 1; step <= 3; ++step) { run.step(step); }
  const std::vector<Tensor> raw = parameters_of(run);
  run.trainer->swap_ema();
  EXPECT_FALSE(parameters_of(run)[1].equal(raw[1]));
  run.trainer->swap_ema();
  expect_equal(raw, parameters_of(run));
}

TEST(Encoding, ASecondStartEncodesNothing) {
  MicroRun first, second;
  EXPECT_EQ(second.counts.latents_encoded, 0);
  EXPECT_EQ(second.counts.captions_encoded, 0);
  EXPECT_EQ(second.counts.latents_found, 6);
}

TEST(Loader, ShowsEveryPictureOncePerEpoch) {
  MicroRun run({.batch = 2, .accumulate = 1});
  std::map<std::string, int> seen;
  for (int64_t step = 1; step <= run.loader->steps_per_epoch(); ++step) {
    for (const data::MicroBatch& micro : run.loader->next(step).micro) {
      for (const data::Item* item : micro.items) { ++seen[item->path.filename().string()]; }
    }
  }
  EXPECT_EQ(seen.size(), 6U);
  for (const auto& [name, count] : seen) { EXPECT_EQ(count, 1) << name; }
}

TEST(Loader, SeeksToWhereItStood) {
  MicroRun run({.batch = 1, .accumulate = 1});
  for (int64_t step = 1; step <= 8; ++step) { run.loader->next(step); }
  const Json cursor = run.loader->cursor();
  const std::string expected = run.loader->next(9).micro[0].items[0]->path;
  MicroRun again({.batch = 1, .accumulate = 1});
  again.loader->seek(cursor);
  EXPECT_EQ(again.loader->next(9).micro[0].items[0]->path, expected);
}

}  // namespace
}  // namespace lorarun::train
