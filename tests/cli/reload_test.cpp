// Edits of a recipe while the real program trains it, as editors and hands make them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/running.h"

namespace lorarun::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kHook = "function(state) state.n = (state.n or 0) + 1 return { lr = LR } end";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Steps slow enough to edit between them; `lr` is what on.step answers.
std::string settings(const std::string& lr, const std::string& more = "") {
  return "steps = 500, save = { every = 1000 }, data = { images { dir = 'photos', caption = 'a "
         "thing', resolution = 192, min_size = 32, size_step = 16 } }, on = { step = " +
         replaced(kHook, "LR", lr) + " }, " + more;
}

// A run that has taken a step and whose recipe is edited.
class EditedRun : public Running {
 public:
  EditedRun() : Running(settings("1e-3")) { wait_for_a_step(); }

  void start_again() {
    start();
    wait_for_a_step();
  }

  std::string text(const std::string& changes) const { return recipe_text(kMicro, changes); }
  void shell(const std::string& line) const {
    ASSERT_EQ(std::system(("cd " + path().string() + " && " + line).c_str()), 0) << line;
  }

  // The next line of this kind, of those that no earlier call gave.
  Json next(const std::string& kind) {
    const size_t seen = seen_[kind]++;
    eventually([&] { return events(kind).size() > seen; }, Seconds(30));
    const auto all = events(kind);
    return all.size() > seen ? all[seen]
                             : Json("no " + kind + " came: " + read_all(path() / ".err"));
  }

  // The learning rate of each step so far, from step 1.
  std::vector<double> rates() const {
    std::vector<double> all;
    for (const Json& step : lines_of("metrics.jsonl")) {
      all.push_back(step["lr"]["transformer"].get<double>());
    }
    return all;
  }

  // Lets the run end soon by an edit of its steps; gives what it said.
  Outcome end(const std::string& lr, const std::string& more = "") {
    const std::string last = std::to_string(rates().size() + 12);
    write("r.lua", text(settings(lr, more + "steps = " + last)));
    return wait();
  }

  Outcome interrupt() { return end_by(SIGINT); }

 private:
  void wait_for_a_step() const {
    eventually([&] { return !rates().empty(); }, Seconds(30));
  }

  std::map<std::string, size_t> seen_;
};

// The rate that a reload line says is new.
std::string diff_of(const Json& event) {
  return event.is_object() && event.contains("diff") ? event["diff"].get<std::string>()
                                                     : event.dump();
}

TEST(Reload, EverySaveOfAnEditorIsInForceAtTheNextStep) {
  EditedRun run;
  run.write("r.lua", run.text(settings("2e-3")));  // written in place
  const Json first = run.next("reload");
  ASSERT_THAT(diff_of(first), HasSubstr("lr 0.001 -> 0.002"));
  run.write("draft", run.text(settings("3e-3")));
  run.shell("mv draft r.lua");  // renamed over the first
  ASSERT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.002 -> 0.003"));
  run.shell("sed -i 's/lr = 3e-3/lr = 4e-3/' r.lua");
  ASSERT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.003 -> 0.004"));
  run.shell(
      "cp r.lua draft && sed -i 's/lr = 4e-3/lr = 5e-3/' draft && mv r.lua r.lua~ && cat draft > "
      "r.lua");
  ASSERT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.004 -> 0.005"));  // vim, backupcopy=no

  const Outcome outcome = run.end("5e-3");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(run.events("refused"), SizeIs(0));
  EXPECT_THAT(outcome.err, HasSubstr("on.step; lr 0.001 -> 0.002 from step"));
  const size_t step = first["step"];
  EXPECT_EQ(run.rates().at(step - 1), 1e-3);  // the step before the boundary
  EXPECT_EQ(run.rates().at(step), 2e-3);      // and the one after it
}

TEST(Reload, TwoQuickSavesAreOneReloadOfTheLast) {
  EditedRun run;
  run.write("r.lua", run.text(settings("2e-3")));
  wait_ms(40);
  run.write("r.lua", run.text(settings("3e-3")));
  EXPECT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.001 -> 0.003"));
  EXPECT_EQ(run.end("3e-3").exit_code, 0);
  EXPECT_THAT(run.events("reload"), SizeIs(2));  // this one and the edit that ended the run
}

TEST(Reload, AHalfWrittenFileIsRefusedAndItsOtherHalfTakenOver) {
  EditedRun run;
  const std::string text = run.text(settings("2e-3"));
  run.write("first", text.substr(0, text.size() / 2));
  run.write("second", text.substr(text.size() / 2));
  run.shell("cat first > r.lua && sleep 1 && cat second >> r.lua");
  EXPECT_EQ(run.next("refused")["where"].get<std::string>().substr(0, 5), "r.lua");
  EXPECT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.001 -> 0.002"));
  EXPECT_EQ(run.end("2e-3").exit_code, 0);
}

TEST(Reload, ADeletedRecipeIsToldOnceAndItsReturnTakenOver) {
  EditedRun run;
  run.shell("rm r.lua");
  EXPECT_EQ(run.next("warn")["what"], "r.lua is gone");
  wait_ms(600);
  run.write("r.lua", run.text(settings("2e-3")));
  EXPECT_THAT(diff_of(run.next("reload")), HasSubstr("lr 0.001 -> 0.002"));
  run.shell("touch r.lua");
  const Outcome outcome = run.end("2e-3");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(run.events("warn"), SizeIs(1));
  EXPECT_THAT(run.events("reload"), SizeIs(2));
  EXPECT_THAT(outcome.err, HasSubstr("r.lua is gone: the last good recipe goes on"));
}

struct BrokenEdit {
  const char* from;  // in the good recipe
  const char* to;
  const char* what;
};

constexpr BrokenEdit kBroken[] = {
    {"return recipe {", "return recipe {{", "'}' expected"},
    {"(state.n or 0) + 1", "state.missing + 1", "attempt to perform arithmetic on field 'missing'"},
    {"return { lr", "while true do end return { lr", "takes too long"},
    {"lr = 1e-3", "lr = 0 / 0", "not a finite number"},
    {"adamw { lr = 1e-2 }", "adamw { lr = 0 / 0 }", "not a finite number"},
    {"every = 1000", "every = 'often'", "save.every is the text 'often'"},
    {"on = { step", "on = { stepp", "unknown setting 'stepp'"},
    {"state.n =", "state.f = print and 1 or function() end state.n =", "nothing is named 'print'"},
    {"state.n =", "state.f = function() end state.n =", "state.f is a function"},
    {"rank = 2", "rank = 4",
     "network.rank cannot change inside a run: it shapes the weights (2 -> 4)"},
    {"adamw {", "sgd {", "optimizer.kind cannot change inside a run"},
    {"dir = 'photos'", "dir = 'elsewhere'", "data[1].dir cannot change inside a run"},
    {"steps = 500", "steps = 0", "steps is 0"},
    {"steps = 500", "speed = 9, steps = 500", "unknown setting 'speed'"},
    {"steps = 500", "version = 2, steps = 500", "of version 1 and the recipe of version 2"},
};

TEST(Reload, EveryBrokenEditIsRefusedWithWhatWhereAndFixAndTheRunGoesOn) {
  EditedRun run;
  const std::string good = run.text(settings("1e-3"));
  for (const BrokenEdit& edit : kBroken) {
    run.write("r.lua", replaced(good, edit.from, edit.to));
    const Json refused = run.next("refused");
    ASSERT_TRUE(refused.is_object()) << edit.what << "\n" << refused;
    EXPECT_THAT(refused["what"].get<std::string>(), HasSubstr(edit.what));
    EXPECT_THAT(refused.value("where", ""), HasSubstr("r.lua")) << edit.what;
    EXPECT_THAT(refused.value("fix", ""), Not("")) << edit.what;
  }
  const Outcome outcome = run.end("1e-3");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(run.events("refused"), SizeIs(std::size(kBroken)));
  EXPECT_THAT(run.events("reload"), SizeIs(1));
  for (const double rate : run.rates()) { EXPECT_EQ(rate, 1e-3); }
}

TEST(Reload, AChangedVersionMigratesTheStateThatTheRunHas) {
  EditedRun run;
  run.write("r.lua",
            replaced(run.text(settings("1e-6 * state.n",
                                       "version = 2, migrate = function(state, from) return { n = "
                                       "1000 * from } end, ")),
                     "(state.n or 0)", "state.n"));
  const size_t step = run.next("reload")["step"];
  ASSERT_TRUE(eventually([&] { return run.rates().size() > step; }));
  EXPECT_NEAR(run.rates().at(step), 1001e-6, 1e-12);
  EXPECT_EQ(run.interrupt().exit_code, 130);
}

TEST(Reload, AnEditBetweenTwoStartsIsAReloadAtTheResumeStep) {
  EditedRun run;
  EXPECT_EQ(run.interrupt().exit_code, 130);
  const int64_t stopped_at = run.events("stop").back()["step"];
  run.write("r.lua", run.text(settings("2e-3")));
  run.start_again();
  const Json event = run.next("reload");
  EXPECT_EQ(event["step"], stopped_at);
  EXPECT_EQ(event["origin"], "edit");
  EXPECT_EQ(run.end("2e-3").exit_code, 0);
  EXPECT_EQ(run.rates().at(static_cast<size_t>(stopped_at)), 2e-3);
}

TEST(Reload, PicturesMayBeAskedForWhileTheRunGoes) {
  EditedRun run;
  run.write("r.lua", run.text(settings("1e-3",
                                       "render = { every = 4, steps = 2, size = { 64, 64 }, "
                                       "prompts = { 'a thing never seen before' } }, ")));
  ASSERT_TRUE(run.next("reload").is_object());
  const Json drawn = run.next("render");
  ASSERT_TRUE(drawn.is_object()) << drawn;
  EXPECT_EQ(run.interrupt().exit_code, 130);
}

TEST(Reload, ARunWithReloadsIsReplayedToTheBit) {
  EditedRun run;
  run.write("r.lua", run.text(settings("2e-3")));
  ASSERT_TRUE(run.next("reload").is_object());
  EXPECT_EQ(run.end("3e-3").exit_code, 0);
  const Outcome replayed = run_program({"replay", "run"}, run.path());
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_THAT(replayed.out, HasSubstr("steps equal to the bit"));
}

TEST(Reload, AnotherTerminalMayAskForIt) {
  EditedRun run;
  run.write("other.lua", run.text(settings("2e-3")));
  const Outcome taken = run_program({"reload", "run", "other.lua"}, run.path());
  EXPECT_EQ(taken.exit_code, 0) << taken.err;
  EXPECT_THAT(taken.out, HasSubstr("lr 0.001 -> 0.002"));
  run.write("other.lua", replaced(run.text(settings("2e-3")), "rank = 2", "rank = 4"));
  const Outcome refused = run_program({"reload", "run", "other.lua"}, run.path());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("network.rank cannot change inside a run"));
}

}  // namespace
}  // namespace lorarun::cli
