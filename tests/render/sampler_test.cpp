// The sampler against diffusers' scheduler and pipeline (tests/golden/sampler.safetensors).

#include "runtime/render/sampler.h"
#include "runtime/render/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/base/scratch.h"
#include "tests/golden/closeness.h"

namespace lorarun::render {
namespace {

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden";
const models::SigmaShift kFluxDev = {.dynamic = true, .shift = 3.0};

// micro_flux whose T5 sees as many tokens as in the golden run, in `folder`.
fs::path with_t5_tokens(const fs::path& folder, int64_t tokens) {
  fs::copy(kGolden / "micro_flux", folder, fs::copy_options::recursive);
  const fs::path limits = folder / "tokenizer_2" / "tokenizer_config.json";
  Json config = read_json(limits);
  config["model_max_length"] = tokens;
  write_atomically(limits, config.dump());
  return folder;
}

// A model of one flat latent: the flow leads straight from any noise to `text`'s number.
class FlatModel : public models::Model {
 public:
  std::string family() const override { return "flat"; }
  std::string fingerprint(const std::string& /*component*/) const override { return "flat"; }
  int64_t latent_channels() const override { return 3; }
  int64_t pixels_per_latent() const override { return 8; }
  int64_t size_multiple_px() const override { return 16; }
  bool embeds_guidance() const override { return true; }
  models::SigmaShift sigma_shift() const override { return kFluxDev; }
  int64_t image_tokens(int64_t h, int64_t w) const override { return h * w / 4; }
  Tensor encode_image(const Tensor& pixels, const Tensor& /*noise*/) override { return pixels; }
  Tensor decode_image(const Tensor& latents) override {
    return latents.repeat_interleave(8, 2).repeat_interleave(8, 3);
  }
  models::ImagePosterior image_posterior(const Tensor& pixels) override { return {pixels, pixels}; }
  Tensor image_of(const Tensor& z) override { return z; }
  std::vector<std::string> text_encoders() const override { return {"number"}; }
  std::string change_key(const std::string& /*encoder*/) const override { return ""; }
  int64_t load(const std::string& /*encoder*/) override { return 0; }
  bool is_loaded(const std::string& /*encoder*/) const override { return true; }
  models::TextEmbedding encode_text(const std::vector<std::string>& captions,
                                    const std::vector<std::string>& = {}) override {
    return {
        .text = {}, .pooled = {{"number", at::full({1}, std::stof(captions[0]))}}, .tokens = {}};
  }
  Tensor predict(const Tensor& noisy, const Tensor& sigma, const models::TextEmbedding& text,
                 const Tensor& guidance) override {
    last_guidance = guidance.item<double>();
    return (noisy - text.pooled.at("number")) / sigma;
  }
  std::vector<nn::AdaptableLayer> layers(const std::string& /*component*/) override { return {}; }
  void release(const std::string& /*component*/) override {}
  void keep(const std::string& /*component*/) override {}
  std::map<std::string, std::string> weight_files() const override { return {}; }
  std::map<std::string, Tensor> weights(const std::string& /*component*/) override { return {}; }
  std::unique_ptr<models::Model> reopen() const override { return std::make_unique<FlatModel>(); }

  double last_guidance = 0.0;
};

class FlatRender : public testing::Test {
 protected:
  Rendering draw(const std::string& number, RenderOptions options = {}, uint32_t index = 0) {
    options.width_px = 48;
    options.height_px = 32;
    options.steps = 4;
    const models::TextEmbedding text = model_.encode_text({number});
    const models::TextEmbedding negative = model_.encode_text({"0.4"});
    return render(model_, {.text = text, .negative = &negative}, options, index);
  }
  FlatModel model_;
};

TEST(SamplerSigmas, EqualTheSchedulersForEverySizeAndNumberOfSteps) {
  const NamedTensors golden = load_tensors(kGolden / "sampler.safetensors");
  int compared = 0;
  for (const auto& [name, expected] : golden) {
    if (!name.starts_with("sigmas/")) { continue; }
    const size_t slash = name.rfind('/');
    const int64_t tokens = std::stoll(name.substr(7, slash - 7));
    const int64_t steps = std::stoll(name.substr(slash + 1));
    const std::vector<double> sigmas = sampler_sigmas(kFluxDev, steps, tokens);
    EXPECT_TRUE(at::allclose(at::tensor(sigmas, at::kDouble), expected.to(at::kDouble), 0, 1e-6))
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 28);
}

TEST(SamplerSigmas, StayEvenWithoutAShift) {
  EXPECT_THAT(sampler_sigmas({.dynamic = false, .shift = 1.0}, 4, 1024),
              testing::ElementsAre(1.0, 0.75, 0.5, 0.25, 0.0));
}

TEST(SamplerSigmas, FollowAStaticShift) {
  const std::vector<double> sigmas = sampler_sigmas({.dynamic = false, .shift = 3.0}, 4, 1024);
  EXPECT_THAT(sigmas, testing::ElementsAre(1.0, testing::DoubleEq(0.9), testing::DoubleEq(0.75),
                                           testing::DoubleEq(0.5), 0.0));
}

TEST_F(FlatRender, ArrivesWhereTheFlowLeads) {
  const Rendering made = draw("0.5");
  EXPECT_TRUE(at::allclose(made.latents, at::full({3, 4, 6}, 0.5), 0, 1e-6));
  EXPECT_EQ(made.image.width, 48);
  EXPECT_EQ(made.image.height, 32);
  EXPECT_EQ(*made.image.at(47, 31), 191);
}

TEST_F(FlatRender, StartsFromTheKeyedNoiseOfThePicturesIndex) {
  const Tensor noise = keyed_normal(7, "render", 0, 2, {3, 4, 6});
  const std::vector<double> sigmas = sampler_sigmas(kFluxDev, 4, 6);
  Tensor first;
  RenderOptions options = {.seed = 7};
  options.on_step = [&first](int64_t step, const Tensor& x) { first = step == 1 ? x : first; };
  draw("0.25", options, 2);
  EXPECT_LT(relative_error(first, sigmas[1] * noise + (1 - sigmas[1]) * 0.25), 1e-6);
}

TEST_F(FlatRender, GivesTheModelTheGuidance) {
  draw("0.5", {.guidance = 2.5});
  EXPECT_EQ(model_.last_guidance, 2.5);
}

TEST_F(FlatRender, MovesAwayFromTheNegativeTextByTrueCfg) {
  const Rendering made = draw("0.5", {.true_cfg = 3.0});
  EXPECT_TRUE(at::allclose(made.latents, at::full({3, 4, 6}, 0.7), 0, 1e-5));
}

TEST_F(FlatRender, IgnoresTheNegativeTextWithoutTrueCfg) {
  const Rendering made = draw("0.5");
  EXPECT_TRUE(at::allclose(made.latents, at::full({3, 4, 6}, 0.5), 0, 1e-6));
}

TEST_F(FlatRender, RefusesTrueCfgWithoutANegativeText) {
  const RenderOptions options = {.width_px = 48, .height_px = 32, .steps = 1, .true_cfg = 3.0};
  EXPECT_THROW(sample(model_, {model_.encode_text({"1"})}, options, 0), Error);
}

TEST_F(FlatRender, NamesTheNextSidesThatFit) {
  const RenderOptions options = {.width_px = 100, .height_px = 64, .steps = 1};
  try {
    render(model_, {model_.encode_text({"1"})}, options, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.headline(), "width 100 px is no multiple of 16");
    EXPECT_EQ(error.remedy(), "use 96 or 112");
  }
}

// Along v = sigma the integral from 1 to 1/2 is -3/8; Heun's average of both ends is exact for it.
TEST(Sampler, HeunIsExactWhereTheVelocityGrowsLinearly) {
  const Predict predict = [](const Tensor& x, double sigma) { return at::full_like(x, sigma); };
  const Tensor x = at::zeros({1, 1, 1, 1});
  EXPECT_NEAR(registry().find("heun")->step(predict, x, 1.0, 0.5).item<double>(), -0.375, 1e-6);
  EXPECT_NEAR(registry().find("euler")->step(predict, x, 1.0, 0.5).item<double>(), -0.5, 1e-6);
  EXPECT_NEAR(registry().find("heun")->step(predict, x, 0.5, 0.0).item<double>(), -0.25, 1e-6);
}

TEST_F(FlatRender, RefusesAnUnknownSampler) {
  EXPECT_THROW(draw("1", {.sampler = "eular"}), Error);
}

TEST(Sampler, FollowsDiffusersPipelineStepByStep) {
  const NamedTensors golden = load_tensors(kGolden / "sampler.safetensors");
  const auto file = SafetensorsFile::open(kGolden / "sampler.safetensors");
  const Json prompts = Json::parse(file->metadata().at("prompts"));
  const Scratch scratch;
  const int64_t t5_tokens = std::stoll(file->metadata().at("t5_tokens"));
  const fs::path base = with_t5_tokens(scratch / "base", t5_tokens);
  const auto model = models::open_model(base, "flux", {});
  RenderOptions options = {.width_px = 96, .height_px = 64, .steps = 4};
  // sigma 1 and guidance 3.5, through encoders and denoiser, four times
  const double bound =
      closeness::of_angles(at::tensor({1.0, 3.5})) + closeness::of_sums(256, 4 * (24 + 14));
  for (uint32_t index = 0; index < prompts.size(); ++index) {
    options.on_step = [&](int64_t step, const Tensor& x) {
      const Tensor expected = golden.at("latents/" + std::to_string(step))[index];
      closeness::expect_near(x, expected, bound,
                             "picture " + std::to_string(index) + ", step " + std::to_string(step));
    };
    const std::string prompt = prompts[index];
    const Rendering made = render(*model, {model->encode_text({prompt})}, options, index);
    const Tensor image = golden.at("image")[index];
    const Tensor ours =
        at::tensor(at::ArrayRef<uint8_t>(made.image.rgb), at::kByte).view(image.sizes());
    const Tensor levels = (ours.to(at::kInt) - image.to(at::kInt)).abs();
    EXPECT_LE(levels.max().item<int>(), 1) << "picture " << index;
  }
}

}  // namespace
}  // namespace lorarun::render
