// Bad input: each gives what, where and how to fix, the right exit code, no core
// dump and no partial file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kMicro = LORARUN_SOURCE_DIR "/tests/golden/micro_flux";

// A recipe over the micro base; `changes` stand after the defaults and win.
std::string recipe_text(const std::string& model_path, const std::string& changes) {
  return "return recipe {\n  steps = 2,\n  model = flux { path = '" + model_path +
         "', dtype = 'float32' },\n  network = lora { rank = 2 },\n  data = { images { dir = "
         "'photos', resolution = 64, min_size = 32, size_step = 16 } },\n  " +
         changes + "\n}\n";
}

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
  expect_recipe_refused("save = 3", "save is 3");
}

TEST(BadRecipe, LearningRateOfNan) {
  expect_recipe_refused("optimizer = adamw { lr = 0/0 }", "optimizer.lr");
}

TEST(BadRecipe, SettingWithoutEffect) {
  expect_recipe_refused("noise_offset = 0.1", "noise_offset has no effect");
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

}  // namespace
}  // namespace lorarun::cli
