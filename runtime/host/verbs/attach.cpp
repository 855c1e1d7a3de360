// lorarun attach RUN: a REPL into a running run.
//
// A thin client: lines go to the run, which evaluates them between two steps; names
// to complete come from it too.  At a terminal lines are edited (line_editor.h),
// elsewhere they are read as they come, and an error makes the exit code 1.
// Leaving never stops the run; a run that ends is told, and found again when it is
// started again.

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/host/arguments.h"
#include "runtime/host/registry.h"
#include "runtime/host/state.h"
#include "runtime/live/client.h"
#include "runtime/live/line_editor.h"
#include "runtime/script/call.h"
#include "runtime/script/values.h"

namespace lorarun::host {

namespace {

constexpr double kLineTimeout_s = 3600, kCompletionTimeout_s = 2, kPatience_s = 2;

// What `word` means: run_folder.find(word, runs) of the Lua side.
fs::path find_run(const std::string& word, const std::string& runs) {
  LuaState state;
  lua_State* L = state.get();
  lua_getglobal(L, "require");
  script::push_string(L, "lorarun.run_folder");
  script::call(L, 1, 1);  // [run_folder]
  lua_getfield(L, -1, "find");
  script::push_string(L, word);
  script::push_string(L, runs);
  script::call(L, 2, 1);  // [run_folder, folder]
  return script::check_string(L, -1);
}

bool wants_colours() {
  return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR");
}

// The connection to a run, made anew when the run was.
class Attached {
 public:
  explicit Attached(fs::path folder) : folder_(std::move(folder)) { connect(); }

  bool is_connected() const { return client_ != nullptr; }
  int fd() const { return client_ ? client_->fd() : -1; }
  const std::string& mode() const { return mode_; }

  void connect() { client_ = std::make_unique<live::Client>(folder_); }

  // Evaluates a text.  `is_interrupted` is asked while the answer is awaited.
  Json evaluate(const std::string& text, bool is_last, const std::function<bool()>& is_interrupted);
  Json status() { return client_->call({{"op", "status"}}, kPatience_s).value("status", Json()); }
  live::Completion complete(const std::string& text);

  // Takes what the run said unasked; gives the last words of one that ended.
  std::optional<std::string> take_news();

 private:
  std::string farewell();

  fs::path folder_;
  std::unique_ptr<live::Client> client_;
  std::string mode_ = "read";
  int64_t last_id_ = 1000000;  // apart from the ids of Client::call
};

std::string Attached::farewell() {
  try {
    while (!client_->farewell() && client_->next(0)) {}
  } catch (const Error&) {}  // the end of the connection
  const auto said = client_->farewell();
  client_.reset();
  mode_ = "read";
  return said ? "the run ended: " + said->value("status", "ended") : "the run's process is gone";
}

Json Attached::evaluate(const std::string& text, bool is_last,
                        const std::function<bool()>& is_interrupted) {
  const Json id = ++last_id_;
  try {
    if (!client_) { connect(); }
    client_->send({{"id", id}, {"op", "eval"}, {"text", text}, {"is_last", is_last}});
    for (double waited_s = 0; waited_s < kLineTimeout_s; waited_s += kPatience_s) {
      if (is_interrupted()) { client_->send({{"op", "interrupt"}}); }
      auto message = client_->next(kPatience_s);
      if (message && client_->farewell()) { break; }
      if (!message || message->value("id", Json()) != id) { continue; }
      mode_ = message->value("mode", mode_);
      return *message;
    }
  } catch (const Error& error) {
    if (!client_) { return {{"status", "gone"}, {"problem", error.what()}}; }
  }
  return {{"status", "gone"}, {"problem", farewell()}};
}

live::Completion Attached::complete(const std::string& text) {
  live::Completion found;
  if (!client_) { return found; }
  try {
    const Json answer = client_->call({{"op", "complete"}, {"text", text}}, kCompletionTimeout_s);
    found.prefix = answer.value("prefix", "");
    if (answer.contains("candidates") && answer["candidates"].is_array()) {
      found.candidates = answer["candidates"].get<std::vector<std::string>>();
    }
  } catch (const std::exception&) {}  // a busy run completes nothing
  return found;
}

std::optional<std::string> Attached::take_news() {
  if (!client_) { return std::nullopt; }
  try {
    while (client_->next(0)) {}
  } catch (const Error&) { return farewell(); }
  return client_->farewell() ? std::optional(farewell()) : std::nullopt;
}

std::string problem_of(const Json& answer) {
  if (answer.contains("problem")) { return answer["problem"]; }
  if (!answer.contains("error")) { return ""; }
  return answer["error"].value("what", "the run refused");
}

// Prints an answer; false when it is an error.
bool show(const Json& answer) {
  std::cout << answer.value("out", "") << std::flush;
  const std::string problem = problem_of(answer);
  if (problem.empty()) { return true; }
  const bool colours = wants_colours();
  std::cout << std::flush;
  std::cerr << (colours ? "\033[31m" : "") << "error: " << problem << (colours ? "\033[0m" : "")
            << std::endl;
  return false;
}

bool is_quit(const std::string& line) {
  return line == ":quit" || line == ":q" || line == "quit" || line == "exit";
}

// Lines of a pipe or a file; gives the exit code.
int read_plain(Attached& run) {
  const auto never = [] { return false; };
  bool all_good = true;
  std::string text, line;
  while (std::getline(std::cin, line) && !is_quit(line)) {
    text += (text.empty() ? "" : "\n") + line;
    const Json answer = run.evaluate(text, false, never);
    if (answer.value("status", "") == "incomplete") { continue; }
    text.clear();
    all_good = show(answer) && all_good;
    if (answer.value("status", "") == "gone") { return 1; }
  }
  if (!text.empty()) { all_good = show(run.evaluate(text, true, never)) && all_good; }
  return all_good ? 0 : 1;
}

void greet(Attached& run) {
  const Json status = run.status();
  std::cout << status.value("name", "") << ": " << status.value("status", "") << ", step "
            << status.value("step", Json(0)).dump() << " of "
            << status.value("steps", Json(0)).dump()
            << ". Reading only; :help says what there is; Ctrl-D leaves, and the run goes on."
            << std::endl;
}

std::string prompt_of(const Attached& run, bool goes_on) {
  if (goes_on) { return "...> "; }
  if (!run.is_connected()) { return "(not running)> "; }
  return run.mode() == "write" ? "run!> " : "run> ";
}

// Lines of a person at a terminal.
int read_terminal(Attached& run) {
  greet(run);
  live::LineEditorOptions options;
  options.history_file = live::history_file();
  options.complete = [&](const std::string& text) { return run.complete(text); };
  options.watched_fd = run.fd();
  live::LineEditor* waiting = nullptr;
  options.when_readable = [&] {
    if (const auto news = run.take_news()) { std::cout << "\n" << *news << std::endl; }
    waiting->watch(run.fd());
  };
  live::LineEditor editor(options);
  waiting = &editor;
  std::string text;
  while (const auto line = editor.read(prompt_of(run, !text.empty()))) {
    if (editor.was_interrupted()) {
      text.clear();
      continue;
    }
    if (is_quit(*line)) { break; }
    if (text.empty() && line->find_first_not_of(" \t") == std::string::npos) { continue; }
    editor.remember(*line);
    text += (text.empty() ? "" : "\n") + *line;
    const Json answer = run.evaluate(text, false, [&] { return editor.was_interrupted(); });
    editor.watch(run.fd());
    if (answer.value("status", "") == "incomplete") { continue; }
    text.clear();
    show(answer);
  }
  std::cout << std::endl;
  return 0;
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, {"--runs"});
  Attached attached(find_run(arguments.one("a run"), arguments.value("--runs", "runs")));
  return isatty(STDIN_FILENO) ? read_terminal(attached) : read_plain(attached);
}

}  // namespace

VerbKind describe_attach() {
  return {"a REPL into a running run: look, plot, tweak; leaving does not stop it",
          "attach RUN [--runs DIR]", run};
}

}  // namespace lorarun::host
