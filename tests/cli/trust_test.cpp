// Trust: a script runs with the full API only after somebody said so, once for
// what it says, and until that is taken back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kScript = "print('ran', lorarun ~= nil)\n";

class Trust : public ::testing::Test {
 protected:
  void SetUp() override { folder_.write("s.lua", kScript); }
  Outcome run(const std::vector<std::string>& words) const {
    return run_program(words, folder_.path());
  }
  Json list() const { return Json::parse(run({"trust", "list", "--json"}).out)["trusted"]; }

  Folder folder_;
};

TEST_F(Trust, IsAskedForByAScript) {
  const Outcome outcome = run({"s.lua"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--trust"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Trust, IsRememberedForWhatTheScriptSays) {
  EXPECT_EQ(run({"--trust", "s.lua"}).out, "ran\ttrue\n");
  EXPECT_EQ(run({"s.lua"}).out, "ran\ttrue\n");
  folder_.write("other_name.lua", kScript);
  EXPECT_EQ(run({"other_name.lua"}).exit_code, 0);
}

TEST_F(Trust, EndsWhenTheScriptChangesByOneByte) {
  run({"--trust", "s.lua"});
  folder_.write("s.lua", std::string(kScript) + " ");
  EXPECT_EQ(run({"s.lua"}).exit_code, 2);
}

TEST_F(Trust, IsListedWithHashPathAndTime) {
  EXPECT_TRUE(list().empty());
  run({"s.lua", "--trust"});
  const Json all = list();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["path"], (folder_.path() / "s.lua").string());
  EXPECT_EQ(all[0]["hash"].get<std::string>().size(), 64u);
  EXPECT_THAT(run({"trust", "list"}).out, HasSubstr("s.lua"));
}

TEST_F(Trust, IsTakenBackByPathByHashAndForAll) {
  for (const std::string& word :
       {std::string("s.lua"), std::string("hash"), std::string("--all")}) {
    run({"--trust", "s.lua"});
    const std::string hash = list()[0]["hash"];
    EXPECT_EQ(run({"trust", "forget", word == "hash" ? hash.substr(0, 12) : word}).exit_code, 0);
    EXPECT_TRUE(list().empty());
    EXPECT_EQ(run({"s.lua"}).exit_code, 2);
  }
}

TEST_F(Trust, SaysThatNothingIsCalledSo) {
  run({"--trust", "s.lua"});
  const Outcome outcome = run({"trust", "forget", "t.lua"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nothing that is trusted is called 't.lua'"));
}

TEST_F(Trust, RunsAScriptOnceWhereItCannotBeRemembered) {
  folder_.write(".state", "a file where the folder should be");
  const Outcome outcome = run({"--trust", "s.lua"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "ran\ttrue\n");
  EXPECT_THAT(outcome.err, HasSubstr("this once"));
}

TEST_F(Trust, GivesARecipeNothing) {
  folder_.write("r.lua", "lorarun.system.write('owned', 'yes')\nreturn recipe {}\n");
  const Outcome outcome = run({"r.lua"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_FALSE(fs::exists(folder_.path() / "owned"));
  EXPECT_THAT(outcome.err, HasSubstr("r.lua:1"));
}

TEST(Doctor, TellsWhatHoldsAroundRecipes) {
  const Folder folder;
  const Outcome outcome = run_program({"doctor", "--json"}, folder.path());
  const Json wall = Json::parse(outcome.out)["wall"];
  EXPECT_EQ(wall["process"], true);
  EXPECT_TRUE(wall.contains("landlock") && wall.contains("seccomp"));
  EXPECT_THAT(run_program({"doctor"}, folder.path()).out,
              HasSubstr("policies    process of its own"));
}

}  // namespace
}  // namespace lorarun::cli
