// A run that works in the background while a test looks at it and meddles with it.
//
// Its socket lies in a folder of its own: nothing that other runs left behind, and no long name of
// a temporary folder, comes between it and the test.  What still runs at the end is killed.

#pragma once

#include "tests/cli/training_folder.h"

namespace lorarun::cli {

class Running : public TrainingFolder {
 public:
  explicit Running(const std::string& changes, const std::vector<std::string>& more = {})
      : TrainingFolder(changes) {
    setenv("XDG_RUNTIME_DIR", sockets_.path().c_str(), 1);
    start(more);
  }
  ~Running() {
    if (child_ > 0) { kill_group(child_); }
  }

  void start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"r.lua"};
    words.insert(words.end(), more.begin(), more.end());
    child_ = start_program(words, path());
  }

  Outcome wait() {
    const Outcome outcome = finish_program(child_, path());
    child_ = 0;
    return outcome;
  }

  Outcome end_by(int signal_number) {
    kill(child_, signal_number);
    return wait();
  }

  bool is_reachable() const { return fs::exists(run("live.json")); }
  bool wait_until_reachable() const {
    return eventually([&] { return is_reachable(); });
  }
  bool wait_for_checkpoint(int step) const {
    char file[64];
    std::snprintf(file, sizeof file, "checkpoints/run-%06d.safetensors", step);
    return wait_for_file(run(file));
  }

  // The whole lines of a file of the run.
  std::vector<Json> lines_of(const std::string& file) const {
    std::vector<Json> lines;
    std::ifstream text(run(file));
    for (std::string line; std::getline(text, line);) {
      Json parsed = Json::parse(line, nullptr, false);
      if (parsed.is_object()) { lines.push_back(std::move(parsed)); }
    }
    return lines;
  }

  // The lines of the journal of one kind.
  std::vector<Json> events(const std::string& kind) const {
    std::vector<Json> found;
    for (Json& line : lines_of("journal.jsonl")) {
      if (line["event"] == kind) { found.push_back(std::move(line)); }
    }
    return found;
  }

  std::string folder() const { return run("").parent_path().string(); }
  fs::path sockets() const { return sockets_.path() / "lorarun"; }
  pid_t child() const { return child_; }

 private:
  Folder sockets_{"/tmp"};
  pid_t child_ = 0;
};

}  // namespace lorarun::cli
