// lorarun sample on the tests' tiny FLUX: what it writes, and what it refuses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "runtime/io/image.h"
#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::HasSubstr;

class Sample : public testing::Test {
 protected:
  Outcome sample(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"sample", kMicro, "--steps", "2", "--out", "pictures"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program(words, folder_.path());
  }

  void expect_refused(const std::vector<std::string>& more, const std::string& what) const {
    const Outcome outcome = sample(more);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(what));
    EXPECT_FALSE(fs::exists(folder_.path() / "pictures" / "000.png"));
  }

  fs::path picture(const std::string& name) const { return folder_.path() / "pictures" / name; }

  Folder folder_;
};

TEST_F(Sample, WritesOnePictureAPromptAndASheet) {
  folder_.write("prompts.txt", "a lake\n\na hill\n");
  const Outcome outcome = sample(
      {"--size", "48x32", "--prompt", "a fox", "--prompts", "prompts.txt", "--latents", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const ImageInfo info = probe_image(picture("002.png"));
  EXPECT_EQ(info.width, 48);
  EXPECT_EQ(info.height, 32);
  EXPECT_TRUE(fs::exists(picture("sheet.png")));
  EXPECT_TRUE(fs::exists(picture("002.latents.safetensors")));
  const Json told = Json::parse(outcome.out);
  EXPECT_EQ(told["pictures"].size(), 3);
  EXPECT_EQ(told["pictures"][2]["prompt"], "a hill");
}

TEST_F(Sample, PutsTheSettingsIntoThePicture) {
  ASSERT_EQ(sample({"--size", "48x32", "--prompt", "a fox", "--seed", "7"}).exit_code, 0);
  EXPECT_EQ(png_text(picture("000.png")).at("parameters"),
            "a fox\nSteps: 2, Sampler: euler, CFG scale: 3.5, Seed: 7, Size: 48x32, "
            "Model: micro_flux");
  EXPECT_FALSE(fs::exists(picture("sheet.png")));
}

TEST_F(Sample, GivesTheSameBytesForTheSameSeed) {
  sample({"--size", "48x32", "--prompt", "a fox"});
  const std::string first = read_all(picture("000.png"));
  sample({"--size", "48x32", "--prompt", "a fox"});
  EXPECT_EQ(read_all(picture("000.png")), first);
  sample({"--size", "48x32", "--prompt", "a fox", "--seed", "1"});
  EXPECT_NE(read_all(picture("000.png")), first);
}

TEST_F(Sample, RefusesWhatItCannotDraw) {
  expect_refused({"--size", "50x32", "--prompt", "a fox"}, "width 50 px is no multiple of 16");
  expect_refused({"--size", "50", "--prompt", "a fox"}, "'50' is no size");
  expect_refused({"--size", "48x32"}, "there is no prompt");
  expect_refused({"--size", "48x32", "--prompt", "a fox", "--lora", "none.safetensors"},
                 "none.safetensors");
  expect_refused({"--size", "48x32", "--prompt", "a fox", "--lora", "fox.safetensors:strong"},
                 "'strong' is no strength");
}

}  // namespace
}  // namespace lorarun::cli
