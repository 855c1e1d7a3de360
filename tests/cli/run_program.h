// Runs the real program and catches what it says.
//
//   start_program -> process of a group of its own -> finish_program -> Outcome
//
// No test waits for ever: a program that has not ended at its deadline is killed with its group,
// and the test fails with "hung: ", its words and what it said last.  A test that is killed takes
// its programs with it.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace lorarun::cli {

namespace fs = std::filesystem;

using Seconds = std::chrono::duration<double>;

constexpr Seconds kDeadline{120};  // of one program; the slowest needs 10 on an idle machine
constexpr size_t kShownBytes = 4000;

struct Outcome {
  int exit_code = -1;  // 128 + signal when a signal ended it, or the deadline
  std::string out, err;
  bool by_signal = false;
};

// A folder of its own, removed at the end.
class Folder {
 public:
  explicit Folder(const fs::path& parent = fs::temp_directory_path()) {
    std::string name = (parent / "lorarun-cli-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  fs::path path_;
};

inline std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The tree and its build folder: as compiled, or where a pack was unpacked (tests/gpu/pack.sh).
inline std::string source_folder() {
  const char* there = std::getenv("LORARUN_SHARE");
  return there == nullptr ? LORARUN_SOURCE_DIR : there;
}

inline fs::path program() {
  const char* there = std::getenv("LORARUN_PROGRAM");
  return there == nullptr ? fs::path(LORARUN_BINARY_DIR) / "lorarun" : fs::path(there);
}

inline void wait_ms(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// Waits until `is_so`; false when it has not become so.
template <typename Condition>
bool eventually(Condition is_so, Seconds patience = Seconds(60)) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) { return false; }
    wait_ms(10);
  }
  return true;
}

inline bool wait_for_file(const fs::path& path) {
  return eventually([&] { return fs::exists(path); });
}

// A started child that dies with the test, and whose whole group can be killed.
inline void stand_alone() {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

// Starts an executable file in `folder` with both outputs in files there; gives its process id.
inline pid_t start(const fs::path& file, const std::vector<std::string>& words,
                   const fs::path& folder) {
  signal(SIGCHLD, SIG_DFL);  // where it is ignored nobody hears how a child ended
  const pid_t child = fork();
  if (child != 0) { return child; }
  stand_alone();
  if (chdir(folder.c_str()) != 0) { _exit(126); }
  dup2(open(".out", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
  dup2(open(".err", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
  setenv("LORARUN_SHARE", source_folder().c_str(), 1);
  setenv("XDG_STATE_HOME", (folder / ".state").c_str(), 1);
  setenv("OMP_NUM_THREADS", "1", 1);  // tiny models: threads would only wait for each other
  std::string name = file.filename();
  std::vector<char*> arguments = {name.data()};
  for (const std::string& word : words) { arguments.push_back(const_cast<char*>(word.c_str())); }
  arguments.push_back(nullptr);
  execv(file.c_str(), arguments.data());
  _exit(127);
}

inline pid_t start_program(const std::vector<std::string>& words, const fs::path& folder) {
  return start(program(), words, folder);
}

// The status of waitpid() once the child has ended, or nothing at the deadline.
inline std::optional<int> wait_for_end(pid_t child, Seconds deadline) {
  int status = 0;
  pid_t ended = 0;
  eventually([&] { return (ended = waitpid(child, &status, WNOHANG)) != 0; }, deadline);
  if (ended == child) { return status; }
  return std::nullopt;
}

// The words that a process was started with.
inline std::string words_of(pid_t child) {
  std::string words = read_all("/proc/" + std::to_string(child) + "/cmdline");
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words;
}

inline std::string tail(const std::string& text) {
  return text.size() <= kShownBytes ? text : "…" + text.substr(text.size() - kShownBytes);
}

// Kills a child with its group; gives the words that it was started with.
inline std::string kill_group(pid_t child) {
  const std::string words = words_of(child);
  kill(child, SIGKILL);
  kill(-child, SIGKILL);
  wait_for_end(child, Seconds(10));
  return words;
}

// Waits for a started program.
inline Outcome finish_program(pid_t child, const fs::path& folder, Seconds deadline = kDeadline) {
  const std::optional<int> status = wait_for_end(child, deadline);
  const std::string hung = status ? "" : kill_group(child);
  Outcome outcome;
  outcome.by_signal = !status || WIFSIGNALED(*status);
  outcome.exit_code = !status             ? 128 + SIGKILL
                      : outcome.by_signal ? 128 + WTERMSIG(*status)
                                          : WEXITSTATUS(*status);
  outcome.out = read_all(folder / ".out");
  outcome.err = read_all(folder / ".err");
  if (!status) {
    ADD_FAILURE() << "hung: " << hung << "\nit had not ended after " << deadline.count()
                  << " s; its last output:\n"
                  << tail(outcome.out) << "\n"
                  << tail(outcome.err);
  }
  return outcome;
}

inline Outcome run_program(const std::vector<std::string>& words, const fs::path& folder) {
  return finish_program(start_program(words, folder), folder);
}

// Files whose name says that they are not finished.
inline std::vector<std::string> partial_files(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().string().find(".tmp-") != std::string::npos) {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

}  // namespace lorarun::cli
