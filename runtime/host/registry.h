// The verbs of the command line: one file each in verbs/, by the file's name.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/registry.h"

namespace lorarun::host {

struct VerbKind {
  std::string about;  // one line for `lorarun --help`
  std::string usage;  // "inspect FILE [--json]", for --help; empty: run() answers --help itself
  std::function<int(const std::vector<std::string>& arguments)> run;  // gives the exit code
};

const Registry<VerbKind>& registry();  // generated

}  // namespace lorarun::host
