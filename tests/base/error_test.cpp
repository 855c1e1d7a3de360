#include "runtime/base/error.h"

#include <gmock/gmock.h>

#include "runtime/base/nearest.h"
#include "runtime/base/registry.h"

namespace lorarun {
namespace {

using testing::HasSubstr;

TEST(Error, SaysWhatWhereAndHowToFix) {
  Error error("no network named 'lokra'");
  error.where("recipes/flux_character.lua, network.kind")
      .fix("lokra", {"full", "loha", "lokr", "lora"}, "networks");
  EXPECT_STREQ(error.what(),
               "no network named 'lokra'\n   at: recipes/flux_character.lua, network.kind\n"
               "  fix: did you mean 'lokr'?  networks: full, loha, lokr, lora");
}

TEST(Error, LeavesOutTheLinesItDoesNotHave) {
  EXPECT_STREQ(Error("it failed").what(), "it failed");
  EXPECT_STREQ(Error("it failed").fix("try again").what(), "it failed\n  fix: try again");
}

TEST(Error, KeepsTheFirstPlaceItWasGiven) {
  Error error("it failed");
  error.where("inner").where("outer");
  EXPECT_EQ(error.place(), "inner");
}

TEST(Error, OfTheRequestEndsWithTwoAndOfTheWorkWithOne) {
  EXPECT_EQ(Error("x").exit_code(), 2);
  EXPECT_EQ(Error("x").while_working().exit_code(), 1);
}

TEST(Check, NamesTheConditionAndAsksForAReport) {
  try {
    LR_CHECK(1 + 1 == 3, "sums are off");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sums are off (1 + 1 == 3)"),
                                    HasSubstr("error_test.cpp"), HasSubstr("report this text")));
    EXPECT_EQ(error.exit_code(), 1);
  }
}

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("lora", "lora"), 0);
  EXPECT_EQ(edit_distance("lroa", "lora"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Nearest, FindsTheNameThatWasMeantAndNothingFar) {
  EXPECT_EQ(nearest("learing_rate", {"steps", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest("xyzzy", {"steps", "rank"}), std::nullopt);
  EXPECT_EQ(nearest("a", {}), std::nullopt);
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(Registry, FindsByNameAndSuggests) {
  Registry<int> kinds;
  kinds.add("lora", 1);
  kinds.add("lokr", 2);
  EXPECT_EQ(kinds.get("lokr", "network"), 2);
  EXPECT_EQ(kinds.find("none"), nullptr);
  EXPECT_EQ(kinds.names(), (std::vector<std::string>{"lokr", "lora"}));
  try {
    kinds.get("lorra", "network");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no network named 'lorra'"),
                                    HasSubstr("did you mean 'lora'?  networks: lokr, lora")));
  }
}

}  // namespace
}  // namespace lorarun
