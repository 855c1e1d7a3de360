#include "runtime/train/checkpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/networks/lora_file.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/train/micro_run.h"

namespace lorarun::train {
namespace {

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(place_.folder); }
  void TearDown() override { fs::remove_all(place_.folder); }

  void save(MicroRun& run, int64_t step, int64_t keep = 0) {
    save_checkpoint(place_, step, *run.trainer, {{"step", step}, {"cursor", run.loader->cursor()}},
                    {.keep = keep});
  }

  CheckpointPlace place_{MicroRun::folder() / "checkpoints", "demo"};
};

TEST_F(CheckpointTest, AResumedRunEqualsTheUninterruptedRunToTheBit) {
  MicroRun whole;
  std::vector<double> losses;
  for (int64_t step = 1; step <= 6; ++step) {
    losses.push_back(whole.step(step).loss);
    if (step == 3) { save(whole, 3); }
  }
  MicroRun resumed;
  const auto state = load_checkpoint(place_, 1000, *resumed.trainer);
  ASSERT_TRUE(state.has_value());
  resumed.loader->seek(state->at("cursor"));
  for (int64_t step = state->at("step").get<int64_t>() + 1; step <= 6; ++step) {
    EXPECT_EQ(resumed.step(step).loss, losses[static_cast<size_t>(step - 1)]) << "step " << step;
  }
  const auto expected = whole.trainer->state();
  const auto found = resumed.trainer->state();
  ASSERT_EQ(expected.size(), found.size());
  for (const auto& [name, tensor] : expected) { EXPECT_TRUE(tensor.equal(found.at(name))) << name; }
}

TEST_F(CheckpointTest, KeepsTheNewestAndRemovesTheOthersWhole) {
  MicroRun run;
  for (int64_t step = 1; step <= 4; ++step) {
    run.step(step);
    save(run, step, /*keep=*/2);
  }
  EXPECT_EQ(checkpoint_steps(place_), (std::vector<int64_t>{3, 4}));
  EXPECT_FALSE(fs::exists(place_.state(2)));
  EXPECT_FALSE(fs::exists(place_.lora(1)));
}

TEST_F(CheckpointTest, TheFileHoldsTheEmaAndTheRawWeightsLieBeside) {
  MicroRun run;
  for (int64_t step = 1; step <= 3; ++step) { run.step(step); }
  save(run, 3);
  const auto average = networks::read_lora_file(place_.lora(3));
  const auto raw = networks::read_lora_file(place_.folder / "demo-000003.raw.safetensors");
  EXPECT_FALSE(average.entries[0].up.equal(raw.entries[0].up));
  for (const networks::Entry& entry : run.trainer->network().entries()) {
    const auto same = [&](const networks::LoraEntry& one) { return one.target == entry.target; };
    const auto at = std::find_if(raw.entries.begin(), raw.entries.end(), same);
    ASSERT_NE(at, raw.entries.end()) << entry.target;
    EXPECT_TRUE(at->down.equal(entry.module->named_parameters()[0].tensor.detach()))
        << entry.target;
  }
}

TEST_F(CheckpointTest, WhatAKilledWriterLeftIsNoCheckpointAndIsCleanedUp) {
  MicroRun run;
  run.step(1);
  fs::create_directories(place_.folder / "demo-000009.state.tmp-123");
  fs::create_directories(place_.state(8));  // its LoRA file never came
  write_atomically(place_.state(8) / "state.json", "{}");
  EXPECT_TRUE(checkpoint_steps(place_).empty());
  save(run, 8);
  EXPECT_EQ(checkpoint_steps(place_), (std::vector<int64_t>{8}));
  EXPECT_FALSE(fs::exists(place_.folder / "demo-000009.state.tmp-123"));
}

TEST_F(CheckpointTest, PartsWithoutTheirLoraFileGoAtTheNextStart) {
  MicroRun run;
  for (int64_t step = 1; step <= 2; ++step) {
    run.step(step);
    save(run, step);
  }
  fs::remove(place_.lora(1));  // a kill while an old checkpoint was removed
  write_atomically(place_.folder / "other-000001.raw.safetensors", "another run's");
  ASSERT_TRUE(load_checkpoint(place_, 1000, *run.trainer).has_value());
  EXPECT_FALSE(fs::exists(place_.state(1)));
  EXPECT_FALSE(fs::exists(place_.folder / "demo-000001.raw.safetensors"));
  EXPECT_TRUE(fs::exists(place_.folder / "other-000001.raw.safetensors"));
  EXPECT_TRUE(fs::exists(place_.state(2)));
}

TEST_F(CheckpointTest, AStepSavedAgainReplacesTheOldOne) {
  MicroRun run;
  run.step(1);
  save(run, 1);
  run.step(2);
  save(run, 1);
  EXPECT_EQ(checkpoint_steps(place_), (std::vector<int64_t>{1}));
  MicroRun other;
  load_checkpoint(place_, 1000, *other.trainer);
  const auto expected = run.trainer->state();
  for (const auto& [name, tensor] : other.trainer->state()) {
    EXPECT_TRUE(tensor.equal(expected.at(name))) << name;
  }
  for (const auto& entry : fs::directory_iterator(place_.folder)) {
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
  }
}

TEST_F(CheckpointTest, ATruncatedStateIsNamedAndNothingIsHalfLoaded) {
  MicroRun run;
  run.step(1);
  save(run, 1);
  const fs::path tensors = place_.state(1) / "tensors.safetensors";
  const std::string whole = read_text(tensors);
  write_atomically(tensors, whole.substr(0, whole.size() - 100));
  MicroRun other;
  try {
    load_checkpoint(place_, 1000, *other.trainer);
    FAIL() << "a truncated state was loaded";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("tensors.safetensors"), std::string::npos)
        << error.what();
    EXPECT_NE(error.remedy().find("to go on from the one before it"), std::string::npos);
  }
}

TEST_F(CheckpointTest, AnotherNetworksStateIsRefused) {
  MicroRun run;
  run.step(1);
  save(run, 1);
  MicroRun other({.targets = {"attn.to_q", "attn.to_k"}});
  const std::string first = other.trainer->state().begin()->first;
  const Tensor before = other.trainer->state().at(first).clone();
  EXPECT_THROW(load_checkpoint(place_, 1000, *other.trainer), Error);
  EXPECT_TRUE(before.equal(other.trainer->state().at(first)));
}

}  // namespace
}  // namespace lorarun::train
