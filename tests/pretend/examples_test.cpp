// The examples and the recipes that made the base take their first steps on a card as on the CPU.

#include "tests/pretend/on_the_card.h"

namespace lorarun::pretend_tests {
namespace {

struct Example {
  const char* recipe;
  const char* name;  // of its run
  std::vector<std::string> more;
};

// The losses of a recipe of the repository.
std::vector<double> losses_of(const Example& example, bool there) {
  const Folder folder;
  std::vector<std::string> words = {source_folder() + "/" + example.recipe, "--steps", "2"};
  words.insert(words.end(), example.more.begin(), example.more.end());
  const Outcome outcome = there ? run_with_the_card(on_the_card(words), folder.path())
                                : run_program(words, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("memory was not counted"), std::string::npos) << outcome.err;
  return losses_in(folder.path() / "runs" / example.name / "metrics.jsonl");
}

class EveryExample : public testing::TestWithParam<Example> {};

TEST_P(EveryExample, GivesTheCpusLosses) {
  expect_close(losses_of(GetParam(), true), losses_of(GetParam(), false), kFloat32);
}

const std::vector<std::string> kOneStep = {"--set", "render.steps=1"};
const std::vector<std::string> kFewOthers = {"--set", "render.steps=1", "--prior", "4"};
const std::vector<std::string> kFewPictures = {"--pictures", "64"};
const std::vector<std::string> kFewOfBoth = {"--pictures", "64", "--set", "render.steps=1"};

INSTANTIATE_TEST_SUITE_P(
    OnTheCard, EveryExample,
    testing::Values(Example{"examples/quickstart/recipe.lua", "quickstart", kFewOthers},
                    Example{"examples/overfit/recipe.lua", "overfit", kOneStep},
                    Example{"examples/style/recipe.lua", "style", kFewOthers},
                    Example{"examples/te_early_freeze/recipe.lua", "te_early_freeze", kOneStep},
                    Example{"examples/te_late_tune/recipe.lua", "te_late_tune", kOneStep},
                    Example{"recipes/tiny_flux/vae.lua", "tiny_flux_vae", kFewPictures},
                    Example{"recipes/tiny_flux/transformer.lua", "tiny_flux", kFewOfBoth},
                    Example{"recipes/tiny_flux/guidance.lua", "tiny_flux_guidance", kFewOfBoth},
                    Example{"recipes/tiny_flux/vae_decoder.lua", "tiny_flux_decoder",
                            kFewPictures}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace lorarun::pretend_tests
