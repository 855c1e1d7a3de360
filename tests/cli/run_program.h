// Runs the real program and catches what it says.

#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace lorarun::cli {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out, err;
  bool by_signal = false;
};

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "lorarun-cli-XXXXXX").string();
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

inline fs::path program() {
  return fs::path(LORARUN_BINARY_DIR) / "lorarun";
}

// Starts the program in `folder` with both outputs in files there; gives its process id.
inline pid_t start_program(const std::vector<std::string>& words, const fs::path& folder) {
  const pid_t child = fork();
  if (child != 0) { return child; }
  if (chdir(folder.c_str()) != 0) { _exit(126); }
  dup2(open(".out", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
  dup2(open(".err", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
  setenv("LORARUN_SHARE", LORARUN_SOURCE_DIR, 1);
  setenv("XDG_STATE_HOME", (folder / ".state").c_str(), 1);
  setenv("OMP_NUM_THREADS", "1", 1);  // tiny models: threads would only wait for each other
  std::vector<char*> arguments = {const_cast<char*>("lorarun")};
  for (const std::string& word : words) { arguments.push_back(const_cast<char*>(word.c_str())); }
  arguments.push_back(nullptr);
  execv(program().c_str(), arguments.data());
  _exit(127);
}

// Waits for a started program.
inline Outcome finish_program(pid_t child, const fs::path& folder) {
  int status = 0;
  waitpid(child, &status, 0);
  Outcome outcome;
  outcome.by_signal = WIFSIGNALED(status);
  outcome.exit_code = outcome.by_signal ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  outcome.out = read_all(folder / ".out");
  outcome.err = read_all(folder / ".err");
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
