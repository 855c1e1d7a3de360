// lorarun step RECIPE --at K --out FILE: one training step, laid open.

#include "runtime/base/error.h"
#include "runtime/host/arguments.h"
#include "runtime/host/command_line.h"
#include "runtime/host/registry.h"
#include "runtime/host/state.h"

namespace lorarun::host {

namespace {

// Takes --at and --out out of the words; the rest is a recipe's command.
Json take_own_flags(std::vector<std::string>* words) {
  Json own = Json::object();
  std::vector<std::string> rest;
  for (size_t i = 0; i < words->size(); ++i) {
    const std::string& word = (*words)[i];
    const bool is_own = word == "--at" || word == "--out";
    if (is_own && i + 1 == words->size()) {
      throw Error(word + " needs a value").where("the command line");
    }
    if (is_own) {
      own[word.substr(2)] = (*words)[++i];
    } else {
      rest.push_back(word);
    }
  }
  *words = rest;
  return own;
}

int run(const std::vector<std::string>& words) {
  std::vector<std::string> rest = words;
  const Json own = take_own_flags(&rest);
  const RecipeCommand command = parse_recipe_command(rest);
  if (command.path.empty() || !own.contains("at") || !own.contains("out")) {
    throw Error("step needs a recipe, --at and --out")
        .where("the command line")
        .fix("lorarun step recipe.lua --at 3 --out step.safetensors");
  }
  const Arguments at({"--at", own["at"].get<std::string>()}, {}, {"--at"});
  Json options = command.options;
  options["recipe"] = command.path;
  options["at"] = at.whole_number("--at", 1);
  options["out"] = own["out"];
  return LuaState().call_module("lorarun.step", "run", options);
}

}  // namespace

VerbKind describe_step() {
  return {"writes every tensor of one training step", "step RECIPE --at K --out FILE", run};
}

}  // namespace lorarun::host
