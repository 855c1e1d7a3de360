// Bad input: each gives what, where and how to fix, the right exit code, no core
// dump and no partial file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/training_folder.h"

namespace lorarun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the program says to a recipe with these changes and these pictures.
Outcome run_recipe(const Folder& folder, const std::string& text) {
  folder.write("r.lua", text);
  return run_program({"r.lua"}, folder.path());
}

void expect_refused(const Outcome& outcome, int exit_code, const std::string& what) {
  EXPECT_FALSE(outcome.by_signal) << outcome.err;
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: "), HasSubstr("at: "), HasSubstr("fix: ")));
  EXPECT_THAT(outcome.err, HasSubstr(what));
}

void expect_recipe_refused(const std::string& changes, const std::string& what) {
  const Folder folder;
  expect_refused(run_recipe(folder, recipe_text(kMicro, changes)), 2, what);
  EXPECT_THAT(partial_files(folder.path()), IsEmpty());
  EXPECT_FALSE(fs::exists(folder.path() / "runs"));
}

TEST(BadRecipe, SyntaxErrorNamesTheLine) {
  const Folder folder;
  expect_refused(run_recipe(folder, "return recipe {\n  steps = = 3\n}"), 2, "r.lua:2");
}

TEST(BadRecipe, MissingFile) {
  const Folder folder;
  const Outcome outcome = run_program({"nothing.lua"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nothing.lua"));
}

TEST(BadRecipe, UnknownKey) {
  expect_recipe_refused("sed = 3", "did you mean 'seed'?");
}

TEST(BadRecipe, NumberWhereATableBelongs) {
  expect_recipe_refused("render = 3", "render is 3");
}

TEST(BadRecipe, LearningRateOfNan) {
  expect_recipe_refused("optimizer = adamw { lr = 0/0 }", "optimizer.lr");
}

TEST(BadRecipe, FolderWithoutRecipe) {
  const Folder folder;
  expect_refused(run_program({"."}, folder.path()), 2, "recipe.lua");
}

TEST(BadModel, MissingFolder) {
  const Folder folder;
  expect_refused(run_recipe(folder, recipe_text("no/such/base", "")), 2, "no/such/base");
}

TEST(BadFlag, UnknownFlagNamesTheNearest) {
  const Folder folder;
  folder.write("r.lua", recipe_text(kMicro, ""));
  expect_refused(run_program({"r.lua", "--stepz", "3"}, folder.path()), 2, "--steps");
}

TEST(BadFile, InspectOfAForeignFile) {
  const Folder folder;
  folder.write("x.safetensors", "this is no safetensors file");
  expect_refused(run_program({"inspect", "x.safetensors"}, folder.path()), 2, "x.safetensors");
}

TEST(BadFile, InspectOfATruncatedFile) {
  const Folder folder;
  folder.write("x.safetensors", std::string("\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":", 13));
  expect_refused(run_program({"inspect", "x.safetensors"}, folder.path()), 2, "x.safetensors");
}

TEST(BadFile, InspectOfAFolderThatIsNoModel) {
  const Folder folder;
  expect_refused(run_program({"inspect", "."}, folder.path()), 2, "model_index.json");
}

// A copy of the micro base that a test may spoil.
fs::path copy_of_base(const Folder& folder) {
  fs::copy(kMicro, folder.path() / "base", fs::copy_options::recursive);
  return folder.path() / "base";
}

void spoil(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

fs::path weights_in(const fs::path& component) {
  for (const auto& entry : fs::directory_iterator(component)) {
    if (entry.path().extension() == ".safetensors") { return entry.path(); }
  }
  return component / "none";
}

void expect_base_refused(const TrainingFolder& folder, const std::string& what) {
  folder.write("r.lua", recipe_text("base", ""));
  const Outcome outcome = folder.train();
  expect_refused(outcome, outcome.exit_code == 1 ? 1 : 2, what);
  EXPECT_THAT(partial_files(folder.path()), IsEmpty());
}

TEST(BadModel, ConfigOfAnotherArchitecture) {
  const TrainingFolder folder;
  const fs::path config = copy_of_base(folder) / "transformer/config.json";
  spoil(config, replaced(read_all(config), "FluxTransformer2DModel", "SD3Transformer2DModel"));
  expect_base_refused(folder, "SD3Transformer2DModel");
}

TEST(BadModel, PipelineOfAnotherFamily) {
  const TrainingFolder folder;
  const fs::path index = copy_of_base(folder) / "model_index.json";
  spoil(index, replaced(read_all(index), "FluxPipeline", "StableDiffusionPipeline"));
  expect_base_refused(folder, "StableDiffusionPipeline");
}

TEST(BadModel, TruncatedWeights) {
  const TrainingFolder folder;
  const fs::path weights = weights_in(copy_of_base(folder) / "transformer");
  fs::resize_file(weights, fs::file_size(weights) / 2);
  expect_base_refused(folder, weights.filename().string());
}

TEST(BadModel, ForeignWeights) {
  const TrainingFolder folder;
  const fs::path base = copy_of_base(folder);
  fs::copy_file(weights_in(base / "vae"), weights_in(base / "transformer"),
                fs::copy_options::overwrite_existing);
  expect_base_refused(folder, "transformer");
}

TEST(BadModel, UnknownFamily) {
  const Folder folder;
  expect_refused(run_recipe(folder, replaced(recipe_text(kMicro, ""), "flux {", "flax {")), 2,
                 "did you mean 'flux'?");
}

TEST(BadData, EmptyFolder) {
  const Folder folder;
  fs::create_directories(folder.path() / "photos");
  expect_refused(run_recipe(folder, recipe_text(kMicro, "")), 2, "photos");
}

TEST(BadData, MissingFolder) {
  const Folder folder;
  expect_refused(run_recipe(folder, recipe_text(kMicro, "")), 2, "photos");
}

TEST(BadData, BrokenPictureIsNamedAndTheRestTrains) {
  const TrainingFolder folder;
  const std::string whole = read_all(folder.path() / "photos/2.png");
  folder.write("photos/2.png", whole.substr(0, whole.size() / 2));
  folder.write("photos/8.png", "no picture at all");
  const Outcome outcome = folder.train({"--steps", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("2.png"), HasSubstr("8.png")));
}

TEST(BadData, OnlyBrokenPictures) {
  const Folder folder;
  folder.write("photos/1.png", "no picture at all");
  expect_refused(run_recipe(folder, recipe_text(kMicro, "")), 2, "1.png");
}

TEST(BadData, CaptionThatIsNotUtf8IsNamed) {
  const TrainingFolder folder;
  folder.write("photos/1.txt", "caf\xe9");
  const Outcome outcome = folder.train({"--steps", "1"});
  EXPECT_FALSE(outcome.by_signal);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("1.png"), HasSubstr("not UTF-8")));
}

TEST(BadRun, FolderThatCannotBeMade) {
  const TrainingFolder folder;
  const Outcome outcome = folder.train({"--runs", "/proc/runs"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("/proc/runs"));
}

TEST(BadRun, HookThatGivesNanIsFoundBeforeTraining) {
  const TrainingFolder folder(
      "on = { step = function(state, run) return { lr = run.step == 5 and 0/0 or 1e-4 } end }");
  const Outcome outcome = folder.train();
  expect_refused(outcome, 2, "on.step.lr is not a finite number");
  EXPECT_THAT(outcome.err, HasSubstr("step 5"));
  EXPECT_FALSE(fs::exists(folder.run("checkpoints/run-000002.safetensors")));
}

TEST(BadRun, LossThatIsNotFiniteStopsWithEverythingSaved) {
  const TrainingFolder folder("optimizer = adamw { lr = 1e30 }");
  const Outcome outcome = folder.train();
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_FALSE(outcome.by_signal);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("loss"), HasSubstr("step")));
  EXPECT_THAT(folder.journal(), HasSubstr("\"stop\""));
}

}  // namespace
}  // namespace lorarun::cli
