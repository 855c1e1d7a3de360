// Verbs of the real program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/base/json.h"
#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

using ::testing::HasSubstr;

TEST(Program, SaysItsVersion) {
  const Folder folder;
  const Outcome outcome = run_program({"--version"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("lorarun 0."));
}

TEST(Program, ListsItsVerbs) {
  const Folder folder;
  const Outcome outcome = run_program({"--help"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* verb : {"convert", "doctor", "inspect"}) {
    EXPECT_THAT(outcome.out, HasSubstr(verb));
  }
}

TEST(Program, SaysHowEachOfItsVerbsIsUsed) {
  const Folder folder;
  for (const char* verb : {"attach", "convert", "dataset", "doctor", "export", "inspect", "sample",
                           "step", "plan", "fork"}) {
    const Outcome outcome = run_program({verb, "--help"}, folder.path());
    EXPECT_EQ(outcome.exit_code, 0) << verb << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("lorarun " + std::string(verb))) << verb;
  }
}

TEST(Program, AnswersHelpBeforeAVerbAsAfterIt) {
  const Folder folder;
  for (const char* verb : {"sample", "plan"}) {
    EXPECT_EQ(run_program({"help", verb}, folder.path()).out,
              run_program({verb, "--help"}, folder.path()).out);
  }
  EXPECT_THAT(run_program({"help", "smple"}, folder.path()).err,
              HasSubstr("did you mean 'sample'"));
}

TEST(Program, SaysWhatAnUnknownVerbMayHaveMeant) {
  const Folder folder;
  const Outcome outcome = run_program({"inspct", "x"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'inspect'?"));
}

TEST(Program, SuggestsARecipeOfTheFolder) {
  const Folder folder;
  folder.write("character.lua", "");
  EXPECT_THAT(run_program({"caracter.luaa"}, folder.path()).err,
              HasSubstr("did you mean 'character.lua'?"));
}

TEST(Doctor, PrintsOneJsonObject) {
  const Folder folder;
  const Outcome outcome = run_program({"doctor", "--json"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0);
  const Json found = Json::parse(outcome.out);
  EXPECT_EQ(found["torch"], "2.11.0");
  EXPECT_GE(found["cores"].get<int>(), 1);
  EXPECT_TRUE(found["wrong"].is_array());
}

TEST(Script, GetsItsArgumentsAndGivesItsExitCode) {
  const Folder folder;
  folder.write("s.lua", "print(arg[1], arg[2]) return 7");
  const Outcome outcome = run_program({"--trust", "s.lua", "a", "b"}, folder.path());
  EXPECT_EQ(outcome.out, "a\tb\n");
  EXPECT_EQ(outcome.exit_code, 7);
}

TEST(Script, FailsWithTextLineAndTraceback) {
  const Folder folder;
  folder.write("s.lua",
               "local function f() return lorarun.tensor.zeros({2}) + "
               "lorarun.tensor.zeros({3}) end\nlocal x = f()\nprint(x)");
  const Outcome outcome = run_program({"s.lua", "--trust"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("must match the size"));
  EXPECT_THAT(outcome.err, HasSubstr("at: s.lua:1"));
  EXPECT_THAT(outcome.err, HasSubstr("stack traceback"));
}

TEST(Script, PaintsAPictureByHand) {
  const Folder folder;
  const std::string script = LORARUN_SOURCE_DIR "/examples/by_hand/train_by_hand.lua";
  const Outcome outcome = run_program({"--trust", script, "painted.png"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder.path() / "painted.png"));
}

TEST(Convert, RefusesAnUnknownDialect) {
  const Folder folder;
  const Outcome outcome = run_program({"convert", "a", "b", "--to", "kohja"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'kohya'?"));
}

TEST(Convert, LeavesNothingWhenTheInputIsMissing) {
  const Folder folder;
  const Outcome outcome =
      run_program({"convert", "a.safetensors", "b.safetensors", "--to", "kohya"}, folder.path());
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("a.safetensors"));
  EXPECT_FALSE(fs::exists(folder.path() / "b.safetensors"));
}

}  // namespace
}  // namespace lorarun::cli
