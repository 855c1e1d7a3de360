#include "runtime/render/png_parameters.h"

#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/tensor/tensor_file.h"
#include "tests/base/scratch.h"

namespace lorarun::render {
namespace {

const RenderOptions kOptions = {.width_px = 512, .height_px = 768, .steps = 20};

TEST(PngParameters, SayPromptAndSettingsInTwoLines) {
  EXPECT_EQ(
      png_parameters("a fox", kOptions, "base", {}),
      "a fox\nSteps: 20, Sampler: euler, CFG scale: 3.5, Seed: 42, Size: 512x768, Model: base");
}

TEST(PngParameters, TellTheNegativePromptWhereItActed) {
  RenderOptions options = kOptions;
  options.negative = "blurry";
  EXPECT_EQ(png_parameters("a fox", options, "base", {}).find("blurry"), std::string::npos);
  options.true_cfg = 2.5;
  EXPECT_EQ(png_parameters("a fox", options, "base", {}),
            "a fox\nNegative prompt: blurry\nSteps: 20, Sampler: euler, CFG scale: 3.5, "
            "True CFG: 2.5, Seed: 42, Size: 512x768, Model: base");
}

TEST(PngParameters, NameEveryLoraWithHashAndStrength) {
  const std::string text =
      png_parameters("a fox", kOptions, "base", {{"fox", "aaaabbbbcccc", 0.8}, {"ink", "0123", 1}});
  EXPECT_NE(text.find("Model: base, Lora hashes: \"fox: aaaabbbbcccc, ink: 0123\", "
                      "Lora strengths: \"fox: 0.8, ink: 1\""),
            std::string::npos);
}

TEST(LoraCredit, KeepsItsHashWhenMetadataChange) {
  const Scratch scratch;
  const NamedTensors tensors = {{"a", at::ones({2, 3})}};
  save_tensors(scratch / "one.safetensors", tensors);
  save_tensors(scratch / "two.safetensors", tensors, {{"note", "another"}});
  const LoraCredit credit = credit_of(scratch / "one.safetensors", 0.5);
  EXPECT_EQ(credit.name, "one");
  EXPECT_EQ(credit.hash.size(), 12);
  EXPECT_EQ(credit.strength, 0.5);
  EXPECT_EQ(credit.hash, credit_of(scratch / "two.safetensors", 0.5).hash);
}

TEST(LoraCredit, RefusesWhatIsNoSafetensorsFile) {
  const Scratch scratch;
  write_atomically(scratch / "short", "abc");
  write_atomically(scratch / "long", "a header that promises far too much");
  EXPECT_THROW(credit_of(scratch / "short", 1.0), Error);
  EXPECT_THROW(credit_of(scratch / "long", 1.0), Error);
}

}  // namespace
}  // namespace lorarun::render
