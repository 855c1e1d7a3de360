// Lines typed at a terminal, with editing, history and completion (libedit).
//
//   LineEditor editor(options);
//   while (const auto line = editor.read("run> ")) { … }
//
// While it waits for keys it also watches a file descriptor, so that the other end
// of a connection can speak up between two keys.

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lorarun::live {

struct Completion {
  std::string prefix;                   // the part of the word that is typed
  std::vector<std::string> candidates;  // whole words
};

struct LineEditorOptions {
  std::filesystem::path history_file;                           // empty: none is kept
  std::function<Completion(const std::string& text)> complete;  // of the text before the cursor
  int watched_fd = -1;
  std::function<void()> when_readable;  // of watched_fd; may print
};

class LineEditor {
 public:
  explicit LineEditor(LineEditorOptions options);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Gives a line without its newline; nothing at the end of input.
  // After Ctrl-C it gives an empty line, and was_interrupted() is true.
  std::optional<std::string> read(const std::string& prompt);
  bool was_interrupted() const;

  void remember(const std::string& line);  // into the history

  void watch(int fd);  // another descriptor, or -1

  struct Core;  // for libedit's callbacks

 private:
  std::unique_ptr<Core> core_;
};

// ${XDG_STATE_HOME}/lorarun/history, or ~/.local/state/lorarun/history; its folder is made.
std::filesystem::path history_file();

}  // namespace lorarun::live
