#include "runtime/live/line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

#include "runtime/base/error.h"
#include "runtime/base/files.h"

namespace lorarun::live {

namespace {

constexpr int kKeptLines = 1000;
constexpr int kLookEvery_ms = 500;  // for a Ctrl-C that came just before the wait
constexpr size_t kMostShown = 60;   // candidates of one Tab

volatile std::sig_atomic_t interrupts = 0;

void note_interrupt(int) {
  interrupts = interrupts + 1;
}

// What all candidates begin with.
std::string common_start(const std::vector<std::string>& words) {
  std::string start = words.front();
  for (const std::string& word : words) {
    const auto differ = std::mismatch(start.begin(), start.end(), word.begin(), word.end());
    start.erase(differ.first, start.end());
  }
  return start;
}

}  // namespace

struct LineEditor::Core {
  LineEditorOptions options;
  EditLine* line = nullptr;
  History* past = nullptr;
  std::string prompt;
  bool interrupted = false;
  struct sigaction before = {};

  int next_key(wchar_t* key);
  unsigned char complete();
  void show(const std::vector<std::string>& candidates);
};

// Waits for a key, and meanwhile for the watched descriptor.  Gives 1, or -1 at Ctrl-C or the end.
int LineEditor::Core::next_key(wchar_t* key) {
  std::mbstate_t state = {};
  while (true) {
    if (interrupts != 0) {
      interrupted = true;
      return -1;
    }
    pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {options.watched_fd, POLLIN, 0}};
    if (poll(waits, 2, kLookEvery_ms) <= 0) { continue; }
    if ((waits[1].revents & (POLLIN | POLLHUP)) != 0) {
      options.when_readable();
      el_set(line, EL_REFRESH);
    }
    if (waits[0].revents == 0) { continue; }
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) { continue; }
    if (count <= 0) { return 0; }  // also a terminal that is gone
    const size_t used = std::mbrtowc(key, &byte, 1, &state);
    if (used == static_cast<size_t>(-1)) {
      state = {};
    } else if (used != static_cast<size_t>(-2)) {
      return 1;
    }
  }
}

void LineEditor::Core::show(const std::vector<std::string>& candidates) {
  std::fputc('\n', stdout);
  for (size_t i = 0; i < std::min(candidates.size(), kMostShown); ++i) {
    std::printf("%s%s", i == 0 ? "" : "  ", candidates[i].c_str());
  }
  if (candidates.size() > kMostShown) {
    std::printf("  and %zu more", candidates.size() - kMostShown);
  }
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

unsigned char LineEditor::Core::complete() {
  const LineInfo* info = el_line(line);
  const std::string text(info->buffer, info->cursor);
  const Completion found = options.complete ? options.complete(text) : Completion{};
  if (found.candidates.empty()) { return CC_REFRESH_BEEP; }
  const std::string start = common_start(found.candidates);
  if (start.size() > found.prefix.size()) {
    el_insertstr(line, start.substr(found.prefix.size()).c_str());
    return CC_REFRESH;
  }
  if (found.candidates.size() > 1) { show(found.candidates); }
  return CC_REDISPLAY;
}

namespace {

LineEditor::Core* core_of(EditLine* line) {
  void* core = nullptr;
  el_get(line, EL_CLIENTDATA, &core);
  return static_cast<LineEditor::Core*>(core);
}

char* prompt_of(EditLine* line) {
  return core_of(line)->prompt.data();
}

int key_of(EditLine* line, wchar_t* key) {
  return core_of(line)->next_key(key);
}

unsigned char complete_at(EditLine* line, int) {
  return core_of(line)->complete();
}

// While a line is evaluated the terminal is as the user has it, but for Ctrl-D: typed then, the
// kernel would turn it into a NUL byte for the next line to read, and it would end nothing.
void keep_typed_ctrl_d(EditLine* line) {
  el_set(line, EL_SETTY, "-x", "eof=", nullptr);
}

void set_up(EditLine* line, LineEditor::Core* core) {
  el_set(line, EL_CLIENTDATA, core);
  el_set(line, EL_PROMPT, prompt_of);
  el_set(line, EL_EDITOR, "emacs");
  el_set(line, EL_GETCFN, key_of);
  el_set(line, EL_ADDFN, "complete-name", "completes a name", complete_at);
  el_set(line, EL_BIND, "^I", "complete-name", nullptr);
  el_set(line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  keep_typed_ctrl_d(line);
}

}  // namespace

LineEditor::LineEditor(LineEditorOptions options) : core_(std::make_unique<Core>()) {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) { std::setlocale(LC_CTYPE, "C.UTF-8"); }
  core_->options = std::move(options);
  core_->line = el_init("lorarun", stdin, stdout, stderr);
  core_->past = history_init();
  set_up(core_->line, core_.get());
  HistEvent event;
  history(core_->past, &event, H_SETSIZE, kKeptLines);
  history(core_->past, &event, H_SETUNIQUE, 1);
  const std::string file = core_->options.history_file.string();
  if (!file.empty()) { history(core_->past, &event, H_LOAD, file.c_str()); }
  el_set(core_->line, EL_HIST, history, core_->past);
  struct sigaction action = {};
  action.sa_handler = note_interrupt;  // without SA_RESTART: poll() must end
  sigaction(SIGINT, &action, &core_->before);
}

LineEditor::~LineEditor() {
  HistEvent event;
  const std::string file = core_->options.history_file.string();
  if (!file.empty()) { history(core_->past, &event, H_SAVE, file.c_str()); }
  history_end(core_->past);
  el_end(core_->line);
  sigaction(SIGINT, &core_->before, nullptr);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  core_->prompt = prompt;
  core_->interrupted = false;
  interrupts = 0;
  int count = 0;
  const char* text = el_gets(core_->line, &count);
  if (core_->interrupted) {
    interrupts = 0;
    el_reset(core_->line);
    std::fputc('\n', stdout);
    return "";
  }
  if (!text || count <= 0) { return std::nullopt; }
  std::string line(text, static_cast<size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) { line.pop_back(); }
  return line;
}

bool LineEditor::was_interrupted() const {
  return core_->interrupted || interrupts != 0;
}

void LineEditor::remember(const std::string& line) {
  HistEvent event;
  history(core_->past, &event, H_ENTER, line.c_str());
}

void LineEditor::watch(int fd) {
  core_->options.watched_fd = fd;
}

std::filesystem::path history_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder =
      state && *state ? fs::path(state) : fs::path(home ? home : "/tmp") / ".local/state";
  folder /= "lorarun";
  try {
    make_folder(folder);
  } catch (const Error&) { return {}; }  // a session without history
  return folder / "history";
}

}  // namespace lorarun::live
