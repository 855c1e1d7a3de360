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

TEST(SecurityDocument, ItsCommandsDoWhatItSays) {
  const Folder folder;
  fs::create_symlink(program(), folder.path() / "lorarun");
  fs::create_symlink(fs::path(LORARUN_SOURCE_DIR) / "tests", folder.path() / "tests");
  fs::create_symlink(fs::path(LORARUN_SOURCE_DIR) / "examples", folder.path() / "examples");
  const std::string commands = commands_of(fs::path(LORARUN_SOURCE_DIR) / "docs/security.md");
  folder.write("commands", commands);
  const pid_t shell = start("/bin/sh", {"-e", "commands"}, folder.path());
  const Outcome outcome = finish_program(shell, folder.path());
  const std::string out = outcome.out + outcome.err;
  EXPECT_EQ(outcome.exit_code, 0) << out;
  for (const char* said :
       {"takes too long", "did not answer within 2 s", "process of its own", "1 forgotten",
        "read it, then run it with --trust", "full API:\ttrue\ttrue"}) {
    EXPECT_NE(out.find(said), std::string::npos) << said << "\n" << out;
  }
}

}  // namespace
}  // namespace lorarun::cli
