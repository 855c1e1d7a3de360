// A running run and other terminals: status, tweaks, pause, the REPL through a pipe
// and through a pseudo-terminal.

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/stat.h>

#include "tests/cli/running.h"

namespace lorarun::cli {
namespace {

// A run that verbs in other folders ask for things.
class AskedRun : public Running {
 public:
  using Running::Running;

  // A verb about this run, from another folder: lorarun WORDS[0] RUN WORDS[1] …
  Outcome ask(std::vector<std::string> words) const {
    words.insert(words.begin() + 1, folder());
    return run_program(words, elsewhere_.path());
  }

  // Lines of the REPL through a pipe.
  Outcome attach(const std::string& lines) const {
    const fs::path input = elsewhere_.write("lines", lines);
    const int saved = dup(STDIN_FILENO), file = open(input.c_str(), O_RDONLY);
    dup2(file, STDIN_FILENO);
    const Outcome outcome = ask({"attach"});
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(file);
    return outcome;
  }

  Json status() const { return Json::parse(ask({"status", "--json"}).out); }
  int step() const { return status()["step"].get<int>(); }

  bool reaches(int wanted) const {
    return eventually([&] { return step() >= wanted; });
  }

  // The learning rate that a step was taken with.
  double lr_of(int step) const {
    for (const Json& line : lines_of("metrics.jsonl")) {
      if (line["step"] == step) { return line["lr"]["transformer"]; }
    }
    return -1;
  }

 private:
  Folder elsewhere_;
};

const char* const kEndless = "steps = 1000000, save = { every = 1000000 },";

// One run for all tests that leave it running.
class Live : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    run_ = std::make_unique<AskedRun>(kEndless);
    ASSERT_TRUE(run_->wait_until_reachable());
    ASSERT_TRUE(run_->reaches(1));
  }
  static void TearDownTestSuite() {
    const std::unique_ptr<AskedRun> run = std::move(run_);
    const Outcome stopped = run->ask({"stop"});
    ASSERT_EQ(stopped.exit_code, 0) << stopped.err;
    const Outcome outcome = run->wait();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(read_json(run->run("manifest.json"))["status"], "stopped");
    EXPECT_EQ(run->events("stop").back()["what"], "stopped");
    EXPECT_FALSE(run->is_reachable());
    EXPECT_TRUE(fs::is_empty(run->sockets()));
  }

  static std::unique_ptr<AskedRun> run_;
};
std::unique_ptr<AskedRun> Live::run_;

TEST_F(Live, StatusTellsStepLossAndSpeed) {
  const Json status = run_->status();
  EXPECT_EQ(status["status"], "running");
  EXPECT_EQ(status["name"], "run");
  EXPECT_EQ(status["steps"], 1000000);
  EXPECT_EQ(status["pid"], run_->child());
  EXPECT_GT(status["loss"].get<double>(), 0);
  EXPECT_TRUE(run_->reaches(status["step"].get<int>() + 2));
  const Outcome text = run_->ask({"status"});
  EXPECT_TRUE(text.out.starts_with("run: running, step ")) << text.out;
}

TEST_F(Live, RunsListsRunningRunsOfOtherFolders) {
  const Folder other;
  const Outcome list = run_program({"runs", "--json"}, other.path());
  const Json runs = Json::parse(list.out)["runs"];
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0]["folder"], run_->folder());
  EXPECT_EQ(runs[0]["status"], "running");
}

TEST_F(Live, ATweakIsInForceAtItsStepsAndInTheJournal) {
  const Outcome outcome = run_->ask({"tweak", "lr=3e-5", "--for", "3", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json answer = Json::parse(outcome.out);
  const Json tweak = answer["tweaks"][0];
  const int first = tweak["from"], last = tweak["to"];
  EXPECT_EQ(first, answer["step"].get<int>() + 1);
  EXPECT_EQ(last, first + 2);
  ASSERT_TRUE(run_->reaches(last + 1));
  EXPECT_EQ(run_->lr_of(first - 1), 1e-2);
  for (int step = first; step <= last; ++step) { EXPECT_EQ(run_->lr_of(step), 3e-5) << step; }
  EXPECT_EQ(run_->lr_of(last + 1), 1e-2);
  const Json line = run_->events("tweak").back();
  EXPECT_EQ(line["key"], "lr");
  EXPECT_EQ(line["new"], 3e-5);
  EXPECT_EQ(line["from"], first);
  EXPECT_EQ(line["origin"], "tweak");
}

TEST_F(Live, AWrongTweakIsRefusedWithAReasonAndChangesNothing) {
  const size_t before = run_->events("tweak").size();
  const Outcome unknown = run_->ask({"tweak", "clip=0.5", "lrr=3e-5"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'lr'?"), std::string::npos) << unknown.err;
  const Outcome fixed = run_->ask({"tweak", "network.rank=8"});
  EXPECT_EQ(fixed.exit_code, 2);
  EXPECT_NE(fixed.err.find("cannot change while training"), std::string::npos) << fixed.err;
  const Outcome negative = run_->ask({"tweak", "lr=-1"});
  EXPECT_EQ(negative.exit_code, 2);
  EXPECT_NE(negative.err.find("lr is -1"), std::string::npos) << negative.err;
  EXPECT_EQ(run_->ask({"tweak", "lr=nan"}).exit_code, 2);
  EXPECT_EQ(run_->ask({"tweak", "lr"}).exit_code, 2);
  EXPECT_EQ(run_->ask({"tweak", "lr=1e-4", "--from", "1"}).exit_code, 2);
  EXPECT_EQ(run_->events("tweak").size(), before);
}

TEST_F(Live, ATweakIsListedAndTakenBack) {
  const Outcome made = run_->ask({"tweak", "transformer.lr=7e-4", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string number = Json::parse(made.out)["tweaks"][0]["id"].dump();
  EXPECT_NE(run_->ask({"tweaks"}).out.find(number + ": transformer.lr = 0.0007"),
            std::string::npos);
  const Outcome taken = run_->ask({"untweak", number, "--json"});
  ASSERT_EQ(taken.exit_code, 0) << taken.err;
  const int step = Json::parse(taken.out)["step"].get<int>();
  ASSERT_TRUE(run_->reaches(step + 1));
  EXPECT_EQ(run_->lr_of(step + 1), 1e-2);
  EXPECT_EQ(run_->events("untweak").back()["key"], "transformer.lr");
  EXPECT_EQ(run_->ask({"untweak", number}).exit_code, 2);
}

TEST_F(Live, APausedRunTakesNoStepAndStillAnswers) {
  const Outcome paused = run_->ask({"pause", "--json"});
  ASSERT_EQ(paused.exit_code, 0) << paused.err;
  const int step = Json::parse(paused.out)["step"].get<int>();
  wait_ms(300);
  EXPECT_EQ(run_->status()["status"], "paused");
  EXPECT_EQ(run_->step(), step);
  EXPECT_EQ(run_->attach("run.step\n").out, std::to_string(step) + "\n");
  EXPECT_EQ(run_->ask({"tweak", "lr=2e-5", "--for", "1"}).exit_code, 0);
  EXPECT_EQ(run_->ask({"resume"}).exit_code, 0);
  ASSERT_TRUE(run_->reaches(step + 2));
  EXPECT_EQ(run_->lr_of(step + 1), 2e-5);
  EXPECT_EQ(run_->events("pause").size(), run_->events("continue").size());
}

TEST_F(Live, ATweakFromALaterStepWaitsForIt) {
  const Outcome outcome = run_->ask({"tweak", "lr=5e-5", "clip=0.5", "--from", "999990", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json tweaks = Json::parse(outcome.out)["tweaks"];
  ASSERT_EQ(tweaks.size(), 2u);
  EXPECT_EQ(tweaks[1]["from"], 999990);
  EXPECT_NE(run_->ask({"tweaks"}).out.find("(to come)"), std::string::npos);
  for (const Json& tweak : tweaks) { run_->ask({"untweak", tweak["id"].dump()}); }
  EXPECT_EQ(run_->ask({"tweak", "lr=5e-5", "--for", "0"}).exit_code, 2);
}

TEST_F(Live, SaveWritesACheckpointNow) {
  const Outcome saved = run_->ask({"save", "--json"});
  ASSERT_EQ(saved.exit_code, 0) << saved.err;
  const fs::path path = Json::parse(saved.out)["path"].get<std::string>();
  EXPECT_TRUE(fs::exists(run_->path() / path)) << path;
  const Outcome drawn = run_->ask({"render"});
  EXPECT_EQ(drawn.exit_code, 2);
  EXPECT_NE(drawn.err.find("the recipe renders no pictures"), std::string::npos);
}

TEST_F(Live, LinesOfAPipeAreEvaluated) {
  const Outcome outcome = run_->attach("print(run.step > 0, knobs.lr)\nx = 20\nx + 1\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "true\t0.01\n21\n");
}

TEST_F(Live, AStatementMayGoOverSeveralLines) {
  const Outcome outcome = run_->attach("for i = 1, 2 do\n  print(i)\nend\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "1\n2\n");
  EXPECT_EQ(run_->attach("for i = 1, 2 do\n").exit_code, 1);
}

TEST_F(Live, TheRunIsShownAndCannotBeWritten) {
  const Outcome shown = run_->attach(
      "run.name, run.network.parameters > 0, #journal > 0\n"
      "run.network.updates == nil, #run.network.modules\nhelp('lr')\nloss()\nplan()\n");
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("run\ttrue\ttrue"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("learning rate"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("┤"), std::string::npos) << shown.out;
  for (const char* line : {"run.step = 1\n", "run.settings.batch = 9\n", "knobs.lr = 1\n",
                           "journal[1].event = 'x'\n", "run = 5\n", "table.sort(journal)\n"}) {
    const Outcome refused = run_->attach(line);
    EXPECT_EQ(refused.exit_code, 1) << line;
    EXPECT_NE(refused.err.find("read-only"), std::string::npos) << line << refused.err;
  }
}

TEST_F(Live, SpectraAreTheSingularValuesOfTheChange) {
  const Outcome outcome = run_->attach(
      "do\n"
      "  local name, norms = next(run.network.norms())\n"
      "  local sum = 0\n"
      "  for _, v in ipairs(run.network.spectra(name)[name]) do sum = sum + v * v end\n"
      "  print(math.abs(math.sqrt(sum) - norms.delta) < 1e-9, norms.delta > 0)\n"
      "end\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "true\ttrue\n");
}

TEST_F(Live, ErrorsLoopsAndFloodsDoNotHarmTheRun) {
  const struct {
    const char* line;
    const char* reason;
  } cases[] = {{"run.nope.x", "attempt to index"},
               {"x = = 1", "unexpected symbol"},
               {"knbs", "did you mean 'knobs'?"},
               {"while true do end", "took longer than 50 ms"},
               {"s = 'x' while true do s = s .. s end", "the line "},
               {"local t = {} while true do t[#t + 1] = {} end", "the line "},
               {"('x'):rep(1e10)", "more than 1 MB"},
               {"('a'):rep(40000):find(('a*'):rep(6) .. 'b')", "may take too long"},
               {"local function f() return 1 + f() end return f()", "stack overflow"},
               {"error({})", "table"},
               {"os.exit(1)", "there is no 'os'"},
               {"io.open('x')", "there is no 'io'"},
               {"require('lorarun.loop')", "there is no 'require'"},
               {"getmetatable('').__index = nil", "there is no 'getmetatable'"},
               {":twek", "did you mean ':tweak'?"}};
  for (const auto& one : cases) {
    const Outcome outcome = run_->attach(std::string(one.line) + "\n");
    EXPECT_EQ(outcome.exit_code, 1) << one.line;
    EXPECT_NE(outcome.err.find(one.reason), std::string::npos) << one.line << ": " << outcome.err;
  }
  const Outcome flood = run_->attach("for i = 1, 1e9 do print(('flood'):rep(200)) end\n");
  EXPECT_EQ(flood.exit_code, 1);
  EXPECT_LE(flood.out.size(), 65536u);
  EXPECT_NE(flood.err.find("the output was cut"), std::string::npos);
  EXPECT_TRUE(run_->reaches(run_->step() + 2));
}

// The blocks of a page that begin with ```repl.
std::string repl_blocks(const std::string& page) {
  std::string lines;
  size_t at = 0;
  while ((at = page.find("\n```repl\n", at)) != std::string::npos) {
    const size_t first = at + 9, end = page.find("```", first);
    lines += page.substr(first, end - first);
    at = end;
  }
  return lines;
}

TEST_F(Live, TheExamplesOfTheDocsRun) {
  const std::string lines = repl_blocks(read_all(LORARUN_SOURCE_DIR "/docs/repl.md"));
  ASSERT_GT(lines.size(), 200u);
  const Outcome outcome = run_->attach(lines);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST_F(Live, WritingIsAskedForAndJournaled) {
  const size_t before = run_->events("write").size();
  const Outcome refused = run_->attach("trainer\n");
  EXPECT_EQ(refused.exit_code, 1);
  const Outcome outcome =
      run_->attach(":write\ntype(trainer.step), lorarun.tensor.ones({2}):sum():item()\n:read\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("function\t2"), std::string::npos) << outcome.out;
  const std::vector<Json> lines = run_->events("write");
  ASSERT_EQ(lines.size(), before + 2);
  EXPECT_EQ(lines[before + 1]["what"], "type(trainer.step), lorarun.tensor.ones({2}):sum():item()");
  EXPECT_EQ(lines.back()["origin"], "repl");
}

// A pseudo-terminal with `lorarun attach` in it.
class Terminal {
 public:
  Terminal(const std::string& run, const fs::path& state) {
    child_ = forkpty(&fd_, nullptr, nullptr, nullptr);
    if (child_ != 0) {
      fcntl(fd_, F_SETFD, FD_CLOEXEC);  // another program would keep this terminal open
      return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("LORARUN_SHARE", LORARUN_SOURCE_DIR, 1);
    setenv("XDG_STATE_HOME", state.c_str(), 1);
    setenv("TERM", "xterm", 1);
    execl(program().c_str(), "lorarun", "attach", run.c_str(), nullptr);
    _exit(127);
  }
  ~Terminal() {
    close(fd_);
    if (child_ > 0) { kill_group(child_); }
  }

  void type(const std::string& keys) const {
    EXPECT_EQ(write(fd_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  // Waits until `text` was shown after what was waited for before; says what came instead.
  testing::AssertionResult shows(const std::string& text) {
    const bool came =
        eventually([&] { return read_on() && seen_.find(text) != std::string::npos; }, Seconds(30));
    if (!came) {
      return testing::AssertionFailure() << "'" << text << "' did not come; there is: " << seen_;
    }
    seen_.erase(0, seen_.find(text) + text.size());
    return testing::AssertionSuccess();
  }

  // The exit code once it has left; says what stands there when it does not.
  int exit_code() {
    std::optional<int> status;
    eventually([&] { return read_on() && (status = wait_for_end(child_, Seconds(0))).has_value(); },
               Seconds(30));
    if (!status) {
      ADD_FAILURE() << "hung: " << kill_group(child_) << "\nits terminal shows: " << tail(seen_);
    }
    child_ = 0;
    return !status ? -1 : WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
  }

 private:
  // Takes what the program has written; always true.
  bool read_on() {
    pollfd wait = {fd_, POLLIN, 0};
    char bytes[4096];
    while (poll(&wait, 1, 0) > 0) {
      const ssize_t count = read(fd_, bytes, sizeof bytes);
      if (count <= 0) { break; }
      seen_.append(bytes, static_cast<size_t>(count));
    }
    return true;
  }

  int fd_ = -1;
  pid_t child_ = -1;
  std::string seen_;
};

TEST_F(Live, ATerminalCompletesEditsAndRemembers) {
  const Folder state;
  {
    Terminal terminal(run_->folder(), state.path());
    ASSERT_TRUE(terminal.shows("run> "));
    terminal.type("run.st\t");
    ASSERT_TRUE(terminal.shows("run.status  run.step  run.steps"));
    terminal.type("eps\r");
    ASSERT_TRUE(terminal.shows("1000000"));
    ASSERT_TRUE(terminal.shows("run> "));
    terminal.type("kno\t.lr\r");
    ASSERT_TRUE(terminal.shows("0.01"));
    terminal.type("for i = 1, 2 do\r");
    ASSERT_TRUE(terminal.shows("...> "));
    terminal.type("print(i * 111)\rend\r");
    ASSERT_TRUE(terminal.shows("111"));
    ASSERT_TRUE(terminal.shows("222"));
    ASSERT_TRUE(terminal.shows("run> "));
    terminal.type("nope\r");
    ASSERT_TRUE(terminal.shows("there is no 'nope'"));
    terminal.type("\x04");
    EXPECT_EQ(terminal.exit_code(), 0);
  }
  Terminal again(run_->folder(), state.path());
  ASSERT_TRUE(again.shows("run> "));
  again.type("\033[A");
  EXPECT_TRUE(again.shows("nope"));
}

TEST_F(Live, CtrlCDropsALineAndInterruptsOneThatRuns) {
  const Folder state;
  Terminal terminal(run_->folder(), state.path());
  ASSERT_TRUE(terminal.shows("run> "));
  terminal.type("for i = 1, 2 do\r");
  ASSERT_TRUE(terminal.shows("...> "));
  terminal.type("\x03");
  ASSERT_TRUE(terminal.shows("run> "));
  terminal.type(":write\r");
  ASSERT_TRUE(terminal.shows("run!> "));
  terminal.type("while true do end\r");
  ASSERT_TRUE(terminal.shows("\n"));
  wait_ms(300);
  terminal.type("\x03");
  ASSERT_TRUE(terminal.shows("error: "));
  ASSERT_TRUE(terminal.shows("run!> "));
  terminal.type("6 * 7\r");
  EXPECT_TRUE(terminal.shows("42"));
}

TEST_F(Live, CtrlDTypedWhileALineIsEvaluatedLeavesAfterIt) {
  const Folder state;
  Terminal terminal(run_->folder(), state.path());
  ASSERT_TRUE(terminal.shows("run> "));
  terminal.type(":write\r");
  ASSERT_TRUE(terminal.shows("run!> "));
  terminal.type("for i = 1, 1e6 do end return 6 * 7\r");
  ASSERT_TRUE(terminal.shows("\n"));
  wait_ms(100);
  terminal.type("\x04");
  EXPECT_TRUE(terminal.shows("42"));
  EXPECT_EQ(terminal.exit_code(), 0);
}

TEST_F(Live, TwoTerminalsMayBeAttached) {
  const Folder state;
  Terminal first(run_->folder(), state.path()), second(run_->folder(), state.path());
  ASSERT_TRUE(first.shows("run> "));
  ASSERT_TRUE(second.shows("run> "));
  first.type("mine = 11\r");
  ASSERT_TRUE(first.shows("run> "));
  second.type("mine\r");
  EXPECT_TRUE(second.shows("there is no 'mine'"));
  first.type("mine * 3\r");
  EXPECT_TRUE(first.shows("33"));
}

TEST_F(Live, ASocketThatOthersMayUseIsRefused) {
  chmod(run_->sockets().c_str(), 0755);
  const Outcome outcome = run_->ask({"tweaks"});
  chmod(run_->sockets().c_str(), 0700);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("open to other users"), std::string::npos) << outcome.err;
}

TEST(LiveRun, WithoutASafeFolderForSocketsTrainsAllTheSame) {
  TrainingFolder training("steps = 2,");
  fs::create_directories(training.path() / "sockets/lorarun");
  chmod((training.path() / "sockets/lorarun").c_str(), 0777);
  setenv("XDG_RUNTIME_DIR", (training.path() / "sockets").c_str(), 1);
  const Outcome outcome = training.train();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("the folder of sockets is open to other users"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(training.losses().size(), 2u);
}

TEST(LiveRun, ASignalEndsAPause) {
  AskedRun run(kEndless);
  ASSERT_TRUE(run.wait_until_reachable());
  const Outcome paused = run.ask({"pause", "--json"});
  ASSERT_EQ(paused.exit_code, 0) << paused.err;
  kill(run.child(), SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 128 + SIGTERM);
  EXPECT_EQ(run.lines_of("metrics.jsonl").size(), Json::parse(paused.out)["step"].get<size_t>());
}

TEST(LiveRun, ASignalThatItsParentHadBlockedStopsIt) {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  AskedRun run(kEndless);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(run.wait_until_reachable());
  EXPECT_EQ(run.end_by(SIGTERM).exit_code, 128 + SIGTERM);
}

TEST(LiveRun, AKilledRunIsSaidToHaveDiedAndIsReachableAgainAfterItsResume) {
  AskedRun run("steps = 1000000, save = { every = 1 },");
  ASSERT_TRUE(run.wait_until_reachable());
  ASSERT_TRUE(eventually([&] { return !run.events("checkpoint").empty(); }));
  kill(run.child(), SIGKILL);
  run.wait();
  EXPECT_EQ(run.status()["status"], "died");
  const Outcome refused = run.ask({"tweak", "lr=1e-4"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("this run is not running"), std::string::npos) << refused.err;
  run.start();
  ASSERT_TRUE(eventually([&] { return run.status()["status"] == "running"; }));
  EXPECT_EQ(run.ask({"tweak", "lr=1e-4"}).exit_code, 0);
}

TEST(LiveRun, AttachedClientsHearTheEnd) {
  AskedRun run(kEndless);
  const Folder state;
  ASSERT_TRUE(run.wait_until_reachable());
  Terminal terminal(run.folder(), state.path());
  ASSERT_TRUE(terminal.shows("run> "));
  EXPECT_EQ(run.ask({"stop"}).exit_code, 0);
  EXPECT_EQ(run.wait().exit_code, 0);
  EXPECT_TRUE(terminal.shows("the run ended: stopped"));
  terminal.type("1 + 1\r");
  EXPECT_TRUE(terminal.shows("this run is not running"));
}

TEST(LiveRun, AThousandReadsChangeNoBitOfALoss) {
  const std::string changes = "steps = 60, save = { every = 60 },";
  const TrainingFolder alone(changes);
  ASSERT_EQ(alone.train().exit_code, 0);
  AskedRun read(changes);
  ASSERT_TRUE(read.wait_until_reachable());
  ASSERT_EQ(read.ask({"pause"}).exit_code, 0);
  std::string lines;
  for (int i = 0; i < 249; ++i) { lines += "run.loss\nstate\n#journal\nknobs.lr\n"; }
  lines += "n = run.network.norms()\nn = run.network.spectra()\nloss()\nplan()\n";
  const Outcome paused = read.attach(lines);
  EXPECT_EQ(paused.exit_code, 0) << paused.err;
  ASSERT_EQ(read.ask({"resume"}).exit_code, 0);
  read.attach("for i = 1, 20 do local x = run.loss end\nn = run.network.norms()\nloss()\n");
  EXPECT_EQ(read.wait().exit_code, 0);
  EXPECT_EQ(read.losses(), alone.losses());
  EXPECT_EQ(alone.losses().size(), 60u);
}

}  // namespace
}  // namespace lorarun::cli
