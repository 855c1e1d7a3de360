// The FLUX.1 family as the rooms above see it: one folder, one Model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/models/registry.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/golden/closeness.h"

namespace lorarun::models {
namespace {

const fs::path kGolden = fs::path(LORARUN_SOURCE_DIR) / "tests" / "golden";
const fs::path kFolder = kGolden / "micro_flux";

std::string complaint_about(const fs::path& folder, const std::string& family = "") {
  try {
    open_model(folder, family, {});
    return "";
  } catch (const Error& error) { return error.what(); }
}

TEST(FluxFamily, TheFolderTellsItsFamily) {
  const auto model = open_model(kFolder, "", {});
  EXPECT_EQ(model->family(), "flux");
  EXPECT_EQ(model->latent_channels(), 16);
  EXPECT_EQ(model->size_multiple_px(), 16);
  EXPECT_EQ(model->image_tokens(6, 10), 15);
  EXPECT_TRUE(model->embeds_guidance());
}

TEST(FluxFamily, ReadsTheSchedulersShift) {
  const SigmaShift shift = open_model(kFolder, "", {})->sigma_shift();
  EXPECT_TRUE(shift.dynamic);
  EXPECT_EQ(shift.base_shift, 0.5);
  EXPECT_EQ(shift.max_shift, 1.15);
  EXPECT_EQ(shift.max_tokens, 4096);
}

TEST(FluxFamily, PredictsWhatDiffusersPredicts) {
  const NamedTensors golden = load_tensors(kGolden / "transformer.safetensors");
  TextEmbedding text;
  text.text["t5"] = golden.at("text");
  text.pooled["clip_l"] = golden.at("pooled");
  const auto model = open_model(kFolder, "flux", {});
  const Tensor prediction =
      model->predict(golden.at("noisy"), golden.at("sigma"), text, golden.at("guidance"));
  const Tensor times = at::cat({golden.at("sigma"), golden.at("guidance")});
  closeness::expect_near(prediction, golden.at("prediction"),
                         closeness::of_angles(times) + closeness::of_sums(256, 24), "prediction");
  EXPECT_THROW(model->predict(golden.at("noisy"), golden.at("sigma"), {}, golden.at("guidance")),
               Error);
}

TEST(FluxFamily, EncodesPicturesAsDiffusersWithShiftAndScale) {
  const NamedTensors golden = load_tensors(kGolden / "vae.safetensors");
  const auto model = open_model(kFolder, "", {});
  const double bound = closeness::of_sums(72, 25);
  closeness::expect_near(model->encode_image(golden.at("pixels")), golden.at("latents"), bound,
                         "latents");
  closeness::expect_near(model->decode_image(golden.at("decode.latents")),
                         golden.at("decode.pixels"), bound, "pixels");
  const Tensor noise = at::ones_like(golden.at("mean"));
  const Tensor sampled = golden.at("mean") + at::exp(0.5 * golden.at("logvar"));
  closeness::expect_near(model->encode_image(golden.at("pixels"), noise),
                         (sampled - 0.1159) * 0.3611, bound, "a sampled latent");
}

TEST(FluxFamily, EncodesTextForEveryCaption) {
  const auto model = open_model(kFolder, "", {});
  const TextEmbedding text = model->encode_text({"a photo of a person", "", "rain"});
  EXPECT_EQ(text.tokens.at("clip_l").sizes(), at::IntArrayRef({3, 77}));
  EXPECT_EQ(text.tokens.at("t5").sizes(), at::IntArrayRef({3, 512}));
  EXPECT_EQ(text.text.at("t5").sizes(), at::IntArrayRef({3, 512, 16}));
  EXPECT_EQ(text.pooled.at("clip_l").sizes(), at::IntArrayRef({3, 12}));
  EXPECT_GT((text.pooled.at("clip_l")[0] - text.pooled.at("clip_l")[2]).norm().item<double>(),
            1e-3);
}

TEST(FluxFamily, ReleasedComponentsLoadAgain) {
  const auto model = open_model(kFolder, "", {});
  const Tensor before = model->encode_text({"rain"}).text.at("t5");
  const std::string fingerprint = model->fingerprint("text");
  model->release("text");
  EXPECT_EQ(model->fingerprint("text"), fingerprint);
  EXPECT_TRUE(at::equal(model->encode_text({"rain"}).text.at("t5"), before));
  EXPECT_THROW(model->release("unet"), Error);
}

TEST(FluxFamily, OffersTheLayersOfEachComponent) {
  const auto model = open_model(kFolder, "", {});
  EXPECT_EQ(model->layers("transformer").size(), 40u);
  EXPECT_EQ(model->layers("clip_l")[0].component, "clip_l");
  EXPECT_FALSE(model->layers("t5").empty());
  EXPECT_EQ(model->weights("transformer").size(), 112u);
  EXPECT_THROW(model->layers("clip"), Error);
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() : folder_(fs::path(testing::TempDir()) / ("family_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~FolderTest() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(FolderTest, AnotherPipelineIsNamedWithTheKnownFamilies) {
  write_atomically(folder_ / "model_index.json", R"({"_class_name": "StableDiffusionXLPipeline"})");
  EXPECT_THAT(
      complaint_about(folder_),
      testing::AllOf(testing::HasSubstr("StableDiffusionXLPipeline"), testing::HasSubstr("flux")));
  EXPECT_THAT(complaint_about(folder_, "flux"), testing::HasSubstr("StableDiffusionXLPipeline"));
}

TEST_F(FolderTest, AFolderWithoutIndexIsExplained) {
  EXPECT_THAT(complaint_about(folder_), testing::HasSubstr("model_index.json"));
  EXPECT_THAT(complaint_about(folder_ / "none"), testing::HasSubstr("there is no model folder"));
}

TEST_F(FolderTest, AMissingComponentIsNamed) {
  fs::copy(kFolder / "model_index.json", folder_ / "model_index.json");
  EXPECT_THAT(complaint_about(folder_), testing::HasSubstr("transformer/config.json"));
  fs::copy(kFolder / "transformer", folder_ / "transformer");
  const auto model = open_model(folder_, "", {});
  try {
    model->decode_image(at::zeros({1, 16, 4, 4}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.headline(), testing::HasSubstr("vae/config.json"));
  }
}

TEST_F(FolderTest, AnUnknownFamilyNamesTheKnownOnes) {
  EXPECT_THAT(complaint_about(kFolder, "flx"), testing::HasSubstr("did you mean 'flux'?"));
}

}  // namespace
}  // namespace lorarun::models
