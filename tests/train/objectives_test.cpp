#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "tests/train/micro_run.h"

namespace lorarun::train {
namespace {

OpenedMicro opened_by(const std::string& objective, const Json& options, MicroRun& run,
                      const data::Batch& batch) {
  return registry()
      .get(objective, "objective")
      .make(options)
      ->losses(run.model(), batch.micro[0], batch.micro[0].text, MicroRun::knobs(),
               {.seed = 7, .step = 1});
}

OpenedMicro opened_by(const std::string& objective, const Json& options, MicroRun& run) {
  return opened_by(objective, options, run, run.loader->next(1));
}

TEST(DistillGuidance, AnAnchorLearnsWhatDenoiseTeaches) {
  MicroRun first, second;
  const OpenedMicro distilled = opened_by("distill_guidance", {{"anchor", 1.0}}, first);
  const OpenedMicro plain = opened_by("denoise", Json::object(), second);
  EXPECT_TRUE(distilled.loss.equal(plain.loss));
  EXPECT_TRUE(distilled.guidance.eq(1.0).all().item<bool>());
}

TEST(DistillGuidance, TheOthersLearnTheLineThroughBothPredictions) {
  MicroRun run;
  const OpenedMicro opened = opened_by("distill_guidance", {{"anchor", 0.0}, {"max", 3.0}}, run);
  EXPECT_TRUE(opened.guidance.gt(1.0).logical_and(opened.guidance.le(3.0)).all().item<bool>());
  const at::NoGradGuard none;
  const Tensor plain = at::ones_like(opened.guidance);
  const Tensor with = run.model().predict(opened.noisy, opened.sigma, opened.text, plain);
  const Tensor without =
      run.model().predict(opened.noisy, opened.sigma, run.model().encode_text({"", ""}), plain);
  const Tensor expected = without + opened.guidance.view({-1, 1, 1, 1}) * (with - without);
  EXPECT_TRUE(opened.target.allclose(expected, 1e-5, 1e-6));
  EXPECT_TRUE(opened.loss.requires_grad());
  EXPECT_FALSE(opened.target.requires_grad());
}

TEST(DistillGuidance, TheTeacherStaysTheBaseWhileTheModelLearns) {
  MicroRun run;
  const Json options = {{"anchor", 0.0}, {"max", 3.0}};
  const data::Batch batch = run.loader->next(1);
  const OpenedMicro before = opened_by("distill_guidance", options, run, batch);
  for (int64_t step = 2; step <= 4; ++step) { run.step(step); }
  const OpenedMicro after = opened_by("distill_guidance", options, run, batch);
  EXPECT_TRUE(after.target.equal(before.target));
  EXPECT_FALSE(after.prediction.equal(before.prediction));
}

TEST(DistillGuidance, RefusesAnAnchorAboveOne) {
  EXPECT_THROW(registry().get("distill_guidance", "objective").make({{"anchor", 1.5}}), Error);
}

TEST(Autoencode, RefusesWeightsThatAskForNothing) {
  const Json nothing = {{"l1", 0}, {"l2", 0}, {"gradient", 0}};
  EXPECT_THROW(registry().get("autoencode", "objective").make(nothing), Error);
}

TEST(Objectives, AreKnownByTheirFilesNames) {
  EXPECT_EQ(registry().names(),
            (std::vector<std::string>{"autoencode", "denoise", "distill_guidance"}));
}

}  // namespace
}  // namespace lorarun::train
