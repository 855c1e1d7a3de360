// Text encoders in training: gradients through the whole model, live and cached, release and
// reload.

#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "tests/nn/gradient_check.h"
#include "tests/train/micro_run.h"

namespace lorarun::train {
namespace {

const std::vector<std::string> kEncoders = {"clip_l", "t5"};

std::map<std::string, Tensor> parameters_of(MicroRun& run) {
  std::map<std::string, Tensor> all;
  for (const auto& one : run.trainer->network().parameters()) {
    all[one.name] = one.tensor.detach().clone();
  }
  return all;
}

bool same_part(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b,
               const std::string& component) {
  for (const auto& [name, tensor] : a) {
    if (name.starts_with(component + "/") && !tensor.equal(b.at(name))) { return false; }
  }
  return true;
}

void go_live(MicroRun& run, const std::vector<std::string>& encoders = kEncoders) {
  for (const std::string& encoder : encoders) { run.cache().set_live(encoder); }
}

void go_cached(MicroRun& run, const std::string& encoder) {
  run.cache().set_cached(encoder);
  data::encode_captions(run.dataset(), run.cache(), encoder, {}, nullptr);
}

Knobs frozen(const std::vector<std::string>& groups) {
  Knobs knobs = MicroRun::knobs();
  for (const std::string& group : groups) { knobs.group_trains[group] = false; }
  return knobs;
}

// The micro model in float64 with adapters everywhere, and the loss of two captions.
class WholeModel : public testing::TestWithParam<bool> {
 protected:
  WholeModel() {
    const nn::Placement wide{.dtype = at::kDouble};
    model_ = models::open_model(
        std::filesystem::path(LORARUN_SOURCE_DIR) / "tests/golden/micro_flux", "",
        {.denoiser = wide, .vae = wide, .text_encoder = wide, .recompute = GetParam()});
    std::vector<nn::AdaptableLayer> layers;
    for (const std::string component : {"transformer", "clip_l", "t5"}) {
      for (const auto& layer : model_->layers(component)) { layers.push_back(layer); }
    }
    network_ = std::make_unique<networks::Network>(
        networks::NetworkOptions{.options = {{"rank", 2}, {"alpha", 4.0}}}, layers, 42, at::kCPU);
    const at::NoGradGuard off;
    for (const auto& one : network_->parameters()) {
      one.tensor.copy_(keyed_normal(1, one.name, 0, 0, one.tensor.sizes()) * 0.1);
    }
  }

  Tensor loss() const {
    const Tensor noisy = keyed_normal(2, "noisy", 0, 0, {2, model_->latent_channels(), 4, 6});
    const models::TextEmbedding text =
        model_->encode_text({"rain", "a photo of a person under an old bridge"});
    const Tensor prediction =
        model_->predict(noisy, at::tensor({0.3F, 0.7F}), text, at::ones({2}, at::kFloat));
    return prediction.to(at::kDouble).square().mean();
  }

  double loss_beside(Tensor parameter, const Tensor& way) const {
    const at::NoGradGuard off;
    const Tensor before = parameter.clone();
    parameter.add_(way);
    const double moved = loss().item<double>();
    parameter.copy_(before);
    return moved;
  }

  std::unique_ptr<models::Model> model_;
  std::unique_ptr<networks::Network> network_;
};

TEST_P(WholeModel, GradientsOfBothEncodersAreTheMeasuredSlopes) {
  constexpr size_t kEvery = 7;  // odd, as modules have two parameters: both kinds have their turn
  loss().backward();
  const auto parameters = network_->parameters();
  for (size_t i = 0; i < parameters.size(); i += kEvery) {
    const networks::NamedParameter& one = parameters[i];
    if (one.name.starts_with("transformer/")) { continue; }
    const Tensor& gradient = one.tensor.grad();
    ASSERT_TRUE(gradient.defined()) << one.name;
    const double length = gradient.norm().item<double>();
    ASSERT_GT(length, 0.0) << one.name;
    const Tensor way = gradient / length * 1e-2;
    const double slope =
        (loss_beside(one.tensor, way) - loss_beside(one.tensor, -way)) / (2 * 1e-2);
    EXPECT_NEAR(slope / length, 1.0, 2e-2) << one.name << ", length " << length;
  }
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutRecompute, WholeModel, testing::Bool());

TEST(TextEncoders, EveryAdapterOfBothGetsAGradientInTheFirstStep) {
  MicroRun run({.encoders = kEncoders});
  go_live(run);
  const Stats stats = run.step(1);  // throws for an adapter without one
  EXPECT_GT(stats.grad_norms.at("clip_l"), 0.0);
  EXPECT_GT(stats.grad_norms.at("t5"), 0.0);
  double squares = 0;
  for (const auto& [group, norm] : stats.grad_norms) { squares += norm * norm; }
  EXPECT_NEAR(std::sqrt(squares), stats.grad_norm, 1e-6 * stats.grad_norm);
}

TEST(TextEncoders, TheEmptyCaptionTrainsThemToo) {
  MicroRun run({.encoders = kEncoders});
  go_live(run);
  const data::Batch batch = run.loader->next(1, {.caption_dropout = 1.0});
  EXPECT_EQ(batch.micro[0].captions[0], "");
  const Stats stats = run.trainer->step(batch, MicroRun::knobs());
  EXPECT_GT(stats.grad_norms.at("clip_l"), 0.0);
}

TEST(TextEncoders, AdaptersOnThemChangeNothingWhileTheyNeverTrain) {
  MicroRun plain, adapted({.encoders = kEncoders});
  const Knobs rest = frozen(kEncoders);
  for (int64_t step = 1; step <= 3; ++step) {
    const double expected = plain.trainer->step(plain.loader->next(step), rest).loss;
    EXPECT_EQ(adapted.trainer->step(adapted.loader->next(step), rest).loss, expected);
  }
  const auto one = parameters_of(plain), other = parameters_of(adapted);
  EXPECT_TRUE(same_part(one, other, "transformer"));
}

TEST(TextEncoders, LiveAndCachedGiveTheSameLoss) {
  MicroRun cached({.dropout = 0.0, .encoders = kEncoders});
  MicroRun live({.dropout = 0.0, .encoders = kEncoders});
  go_live(live);
  const double expected = cached.trainer->step(cached.loader->next(1), frozen(kEncoders)).loss;
  EXPECT_NEAR(live.step(1).loss, expected, 1e-5 * expected);
}

TEST(TextEncoders, OneMayBeLiveWhileTheOtherComesFromTheCache) {
  MicroRun run({.encoders = kEncoders});
  go_live(run, {"clip_l"});
  const auto before = parameters_of(run);
  const data::Batch batch = run.loader->next(1);
  EXPECT_TRUE(batch.micro[0].text.text.contains("t5"));
  EXPECT_FALSE(batch.micro[0].text.pooled.contains("clip_l"));
  run.trainer->step(batch, frozen({"t5"}));
  const auto after = parameters_of(run);
  EXPECT_FALSE(same_part(before, after, "clip_l"));
  EXPECT_TRUE(same_part(before, after, "t5"));
}

TEST(TextEncoders, OneThatTrainsOnCachedEmbeddingsIsRefused) {
  MicroRun run({.encoders = kEncoders});
  try {
    run.step(1);
    FAIL() << "an encoder trained without being run";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'clip_l' trains in step 1"), std::string::npos)
        << error.what();
  }
}

TEST(TextEncoders, ARateOfZeroRestsThemWithTheirMoments) {
  MicroRun run({.encoders = kEncoders});
  go_live(run);
  run.step(1);
  const auto before = run.trainer->optimizer().state();
  const auto weights = parameters_of(run);
  go_cached(run, "clip_l");
  go_cached(run, "t5");
  Knobs knobs = MicroRun::knobs();
  knobs.group_lr = {{"clip_l", 0.0}, {"t5", 0.0}};
  run.trainer->step(run.loader->next(2), knobs);
  EXPECT_TRUE(same_part(weights, parameters_of(run), "clip_l"));
  const auto after = run.trainer->optimizer().state();
  const std::string last = std::to_string(run.trainer->network().parameters().size() - 1) + ".m";
  EXPECT_TRUE(before.at(last).equal(after.at(last)));
}

TEST(TextEncoders, FrozenAfterTrainingTheyAreCachedAnewUnderTheirWeights) {
  MicroRun run({.encoders = kEncoders});
  const std::string key = run.cache().text_key("t5", "");
  const Tensor base = run.cache().text("").text.at("t5");
  go_live(run);
  run.step(1);
  go_cached(run, "t5");
  EXPECT_NE(run.cache().text_key("t5", ""), key);
  const Tensor changed = run.cache().text("").text.at("t5");
  EXPECT_FALSE(changed.equal(base));
  const at::NoGradGuard off;
  EXPECT_TRUE(changed.equal(run.model().encode_text({""}, {"t5"}).text.at("t5")));
}

TEST(TextEncoders, PicturesSeeTheWeightsOfNowWhateverTheCacheHolds) {
  MicroRun run({.encoders = kEncoders});
  const Tensor base = run.cache().current_text("").pooled.at("clip_l");
  EXPECT_TRUE(base.equal(run.cache().text("").pooled.at("clip_l")));
  go_live(run);
  run.step(1);
  const at::NoGradGuard off;
  const Tensor now = run.cache().current_text("").pooled.at("clip_l");
  EXPECT_FALSE(now.equal(base));
  EXPECT_TRUE(now.equal(run.model().encode_text({""}, {"clip_l"}).pooled.at("clip_l")));
}

TEST(TextEncoders, AReleasedEncoderKeepsItsAdapters) {
  MicroRun run({.encoders = kEncoders});
  go_live(run);
  run.step(1);
  const std::string key = run.model().change_key("clip_l");
  const Tensor before = run.model().encode_text({"rain"}, {"clip_l"}).pooled.at("clip_l");
  run.model().release("text");
  EXPECT_FALSE(run.model().is_loaded("clip_l"));
  EXPECT_EQ(run.model().change_key("clip_l"), key);
  EXPECT_FALSE(run.model().is_loaded("clip_l"));
  EXPECT_TRUE(before.equal(run.model().encode_text({"rain"}, {"clip_l"}).pooled.at("clip_l")));
  EXPECT_GT(run.step(2).grad_norms.at("clip_l"), 0.0);
}

TEST(TextEncoders, ANetworkThatGoesWhileTheyAreReleasedLeavesNoAdapter) {
  MicroRun run({.encoders = kEncoders});
  go_live(run);
  run.step(1);
  run.model().release("text");
  run.trainer.reset();
  EXPECT_EQ(run.model().change_key("t5"), "");
  const at::NoGradGuard off;
  EXPECT_FALSE(run.model().layers("t5")[0].layer->adapter);
}

}  // namespace
}  // namespace lorarun::train
