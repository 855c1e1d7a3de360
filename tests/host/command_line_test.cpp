#include "runtime/host/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/error.h"
#include "runtime/host/arguments.h"

namespace lorarun::host {
namespace {

using ::testing::HasSubstr;

std::string failure(const std::vector<std::string>& words) {
  try {
    parse_recipe_command(words);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(CommandLine, TakesARecipeAndItsFlags) {
  const RecipeCommand command = parse_recipe_command(
      {"r.lua", "--steps", "7", "--set", "optimizer.lr=1e-3", "--fresh", "--name", "x"});
  EXPECT_EQ(command.path, "r.lua");
  EXPECT_EQ(command.options["steps"], 7);
  EXPECT_EQ(command.options["set"], Json::parse(R"([["optimizer.lr", "1e-3"]])"));
  EXPECT_EQ(command.options["fresh"], true);
  EXPECT_EQ(command.options["name"], "x");
}

TEST(CommandLine, LeavesFlagsItDoesNotKnowToTheRecipesParams) {
  const RecipeCommand command =
      parse_recipe_command({"r.lua", "--rank", "32", "--fast", "--lr=1e-3", "--data", "photos"});
  EXPECT_EQ(command.options["flags"],
            Json::parse(R"([["rank", "32"], ["fast", "true"], ["lr", "1e-3"]])"));
  EXPECT_EQ(command.options["set"], Json::parse(R"([["data.dir", "photos"]])"));
}

TEST(CommandLine, RefusesAFlagWithoutItsValue) {
  EXPECT_THAT(failure({"r.lua", "--steps"}), HasSubstr("--steps needs a value"));
}

TEST(CommandLine, RefusesANumberThatIsNone) {
  EXPECT_THAT(failure({"r.lua", "--steps", "7x"}), HasSubstr("not '7x'"));
}

TEST(CommandLine, RefusesASettingWithoutAValue) {
  EXPECT_THAT(failure({"r.lua", "--set", "lr"}), HasSubstr("KEY=VALUE"));
}

TEST(CommandLine, RefusesTwoRecipes) {
  EXPECT_THAT(failure({"a.lua", "b.lua"}), HasSubstr("two recipes"));
}

TEST(Arguments, SeparatesFlagsValuesAndTheRest) {
  const Arguments arguments({"in", "--to", "kohya", "out", "--json"}, {"--json"}, {"--to"});
  EXPECT_EQ(arguments.plain(), (std::vector<std::string>{"in", "out"}));
  EXPECT_EQ(arguments.value("--to", ""), "kohya");
  EXPECT_TRUE(arguments.has("--json"));
}

TEST(Arguments, RefusesAnUnknownFlag) {
  EXPECT_THROW(Arguments({"--jsn"}, {"--json"}, {}), Error);
}

}  // namespace
}  // namespace lorarun::host
