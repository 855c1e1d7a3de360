// The command line: a recipe, a verb, or a trusted script.
//
//   lorarun RECIPE.lua|FOLDER [--set k=v]… [--steps N] [--name X] [--seed N] [--runs DIR] [--fresh]
//   [--json] lorarun VERB … lorarun --trust SCRIPT.lua [arguments]

#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace lorarun::host {

constexpr const char* kVersion = "0.1.0";

// What to train and what the command line changes of it.
struct RecipeCommand {
  std::string path;
  Json options =
      Json::object();  // steps, name, seed, runs, fresh, json, set = {{"key", "value"}, …}
};

// Takes a recipe's arguments apart.  Throws Error for an unknown flag, naming the nearest.
RecipeCommand parse_recipe_command(const std::vector<std::string>& arguments);

// Does what the arguments say; gives the exit code.  Throws Error.
int run_command(const std::vector<std::string>& arguments);

// The same with every failure told on standard error: what main() returns.
int run_program(const std::vector<std::string>& arguments);

}  // namespace lorarun::host
