// The commands of docs/security.md, run as they stand there.

#include <gtest/gtest.h>

#include "tests/cli/run_program.h"

namespace lorarun::cli {
namespace {

// All ```sh blocks of a document, one after the other.
std::string commands_of(const fs::path& document) {
  std::ifstream file(document);
  std::string commands;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sh";
    } else if (inside) {
      commands += line + "\n";
    }
  }
  return commands;
}

int run_shell(const fs::path& folder) {
  const pid_t child = fork();
  if (child == 0) {
    if (chdir(folder.c_str()) != 0) { _exit(126); }
    setenv("LORARUN_SHARE", LORARUN_SOURCE_DIR, 1);
    setenv("XDG_STATE_HOME", (folder / ".state").c_str(), 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    dup2(open("out", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    execlp("sh", "sh", "-e", "commands", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(SecurityDocument, ItsCommandsDoWhatItSays) {
  const Folder folder;
  fs::create_symlink(program(), folder.path() / "lorarun");
  fs::create_symlink(fs::path(LORARUN_SOURCE_DIR) / "tests", folder.path() / "tests");
  fs::create_symlink(fs::path(LORARUN_SOURCE_DIR) / "examples", folder.path() / "examples");
  const std::string commands = commands_of(fs::path(LORARUN_SOURCE_DIR) / "docs/security.md");
  folder.write("commands", commands);
  EXPECT_EQ(run_shell(folder.path()), 0) << read_all(folder.path() / "out");
  const std::string out = read_all(folder.path() / "out");
  for (const char* said :
       {"takes too long", "did not answer within 2 s", "process of its own", "1 forgotten",
        "read it, then run it with --trust", "full API:\ttrue\ttrue"}) {
    EXPECT_NE(out.find(said), std::string::npos) << said << "\n" << out;
  }
}

}  // namespace
}  // namespace lorarun::cli
