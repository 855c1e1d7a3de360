#include "runtime/host/command_line.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/nearest.h"
#include "runtime/bind/torch_errors.h"
#include "runtime/host/registry.h"
#include "runtime/host/share.h"
#include "runtime/host/signals.h"
#include "runtime/host/state.h"
#include "runtime/script/call.h"
#include "runtime/tensor/device.h"
#include "runtime/tensor/torch.h"

namespace lorarun::host {

namespace {

std::string value_after(const std::vector<std::string>& arguments, size_t* i) {
  if (*i + 1 >= arguments.size()) {
    throw Error(arguments[*i] + " needs a value").where("the command line");
  }
  return arguments[++*i];
}

int64_t whole_number(const std::string& flag, const std::string& text) {
  try {
    size_t used = 0;
    const int64_t value = std::stoll(text, &used);
    if (used == text.size()) { return value; }
  } catch (const std::exception&) {}
  throw Error(flag + " needs a whole number, not '" + text + "'").where("the command line");
}

void add_setting(const std::string& text, Json* options) {
  const size_t equal = text.find('=');
  if (equal == std::string::npos || equal == 0) {
    throw Error("--set needs KEY=VALUE, not '" + text + "'")
        .where("the command line")
        .fix("for example --set optimizer.lr=5e-5");
  }
  (*options)["set"].push_back({text.substr(0, equal), text.substr(equal + 1)});
}

// A flag that the program does not know is a param of the recipe: --rank 32, --rank=32, --fast.
// The recipe says whether it declares it (lua/lorarun/params.lua).
void add_param(const std::vector<std::string>& arguments, size_t* i, Json* options) {
  const std::string flag = arguments[*i].substr(2);
  const size_t equal = flag.find('=');
  if (equal != std::string::npos) {
    (*options)["flags"].push_back({flag.substr(0, equal), flag.substr(equal + 1)});
    return;
  }
  const bool stands_alone = *i + 1 >= arguments.size() || arguments[*i + 1].starts_with("--");
  (*options)["flags"].push_back({flag, stands_alone ? "true" : arguments[++*i]});
}

// Takes one flag at arguments[*i].
void take_flag(const std::vector<std::string>& arguments, size_t* i, Json* options) {
  const std::string flag = arguments[*i];
  if (flag == "--set") {
    add_setting(value_after(arguments, i), options);
  } else if (flag == "--steps" || flag == "--seed") {
    (*options)[flag.substr(2)] = whole_number(flag, value_after(arguments, i));
  } else if (flag == "--name" || flag == "--runs") {
    (*options)[flag.substr(2)] = value_after(arguments, i);
  } else if (flag == "--data") {
    (*options)["set"].push_back({"data.dir", value_after(arguments, i)});
  } else if (flag == "--fresh" || flag == "--json" || flag == "--explain") {
    (*options)[flag.substr(2)] = true;
  } else {
    add_param(arguments, i, options);
  }
}

// RECIPE.lua, a folder that holds recipe.lua, or a run's folder, which holds its own texts.
std::string recipe_path(const std::string& given) {
  std::error_code ignored;
  if (fs::is_directory(given, ignored)) {
    if (fs::exists(fs::path(given) / "journal.jsonl", ignored)) { return given; }
    const fs::path inside = fs::path(given) / "recipe.lua";
    if (fs::exists(inside, ignored)) { return inside.string(); }
    throw Error("the folder holds no recipe.lua").where(given).fix("give the recipe's file");
  }
  return given;
}

bool is_lua_file(const std::string& word) {
  std::error_code ignored;
  return word.ends_with(".lua") || fs::is_directory(word, ignored);
}

bool is_word(const std::string& text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
}

// lua/lorarun/verbs/NAME.lua is `lorarun NAME`.
fs::path lua_verb(const std::string& name) {
  return share_folder() / "lua/lorarun/verbs" / (name + ".lua");
}

// Its first line: "--- `lorarun NAME …`: what it does."
std::string about_lua_verb(const fs::path& file) {
  std::ifstream text(file);
  std::string line;
  std::getline(text, line);
  const size_t colon = line.find("`: ");
  if (colon == std::string::npos) { return ""; }
  if (line.ends_with('.')) { line.pop_back(); }
  return line.substr(colon + 3);
}

std::map<std::string, std::string> all_verbs() {
  std::map<std::string, std::string> about;
  for (const std::string& name : registry().names()) { about[name] = registry().find(name)->about; }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(lua_verb("").parent_path(), ignored)) {
    if (entry.path().extension() == ".lua") {
      about[entry.path().stem().string()] = about_lua_verb(entry.path());
    }
  }
  return about;
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const auto& [name, about] : all_verbs()) { names.push_back(name); }
  return names;
}

void print_help() {
  std::cout
      << "lorarun " << kVersion
      << ": trains LoRAs of diffusion models, scripted in Lua\n\n"
         "  lorarun RECIPE.lua [flags]     train; the same command resumes\n"
         "  lorarun flux_character …       a recipe of recipes/ or LORARUN_RECIPES by its name\n"
         "  lorarun --trust SCRIPT.lua     run a script with the whole API\n\n"
         "flags of a recipe:\n"
         "  --set KEY=VALUE   change a setting (optimizer.lr=5e-5) or a param of the recipe\n"
         "  --data DIR        the folder of pictures  --PARAM V   a param that the recipe "
         "declares\n"
         "  --steps N         train to this step      --seed N    another seed\n"
         "  --name NAME       name of the run         --runs DIR  where run folders go\n"
         "  --fresh           start anew, as NAME-2   --json      one JSON object at the end\n"
         "  --help            all params and settings of a recipe\n"
         "  --explain         every setting in force, and where it comes from\n\n"
         "verbs:\n";
  for (const auto& [name, about] : all_verbs()) {
    std::printf("  %-10s %s\n", name.c_str(), about.c_str());
  }
  std::fflush(stdout);
}

[[noreturn]] void fail_unknown(const std::string& word) {
  std::vector<std::string> known = verb_names();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(".", ignored)) {
    if (entry.path().extension() == ".lua") { known.push_back(entry.path().filename().string()); }
  }
  for (const auto& entry : fs::directory_iterator(share_folder() / "recipes", ignored)) {
    known.push_back(entry.path().stem().string());
  }
  std::string remedy;
  if (const auto close = nearest(word, known)) { remedy = "did you mean '" + *close + "'?  "; }
  throw Error("'" + word + "' is neither a verb nor a recipe")
      .where("the command line")
      .fix(remedy + "verbs: " + join(verb_names(), ", ") + "; a recipe is a .lua file");
}

int run_tests(const std::vector<std::string>& files) {
  if (files.empty()) { throw Error("--test needs Lua files").where("the command line"); }
  prepare_devices();
  LuaState state;
  return state.call_module("lorarun.testing", "run", files);
}

int run_trusted(const std::vector<std::string>& arguments) {
  if (arguments.empty()) { throw Error("--trust needs a script").where("the command line"); }
  prepare_devices();
  LuaState state;
  state.call_module("lorarun.trust", "remember", arguments[0]);
  return state.run_script(arguments[0], {arguments.begin() + 1, arguments.end()});
}

// A script whose text was trusted before (lua/lorarun/trust.lua).
bool is_trusted(const std::string& word) {
  std::error_code ignored;
  return word.ends_with(".lua") && fs::is_regular_file(word, ignored) &&
         LuaState().call_module("lorarun.trust", "is_trusted", word) == 1;
}

int run_script(const std::vector<std::string>& arguments) {
  prepare_devices();
  LuaState state;
  return state.run_script(arguments[0], {arguments.begin() + 1, arguments.end()});
}

// A bare word that recipes/ or LORARUN_RECIPES knows (lua/lorarun/recipe_search.lua).
bool is_shared_recipe(const std::string& word) {
  return !word.starts_with("-") &&
         LuaState().call_module("lorarun.recipe_search", "check", {{"word", word}}) == 0;
}

int run_recipe(const std::vector<std::string>& arguments) {
  const RecipeCommand command = parse_recipe_command(arguments);
  Json options = command.options;
  options["recipe"] = command.path;
  LuaState state;
  if (options.value("help", false)) { return state.call_module("lorarun.help", "print", options); }
  if (options.value("explain", false)) {
    return state.call_module("lorarun.explain", "print", options);
  }
  catch_signals();
  return state.call_module("lorarun.train", "run", options);
}

std::vector<std::string> without(const std::vector<std::string>& arguments,
                                 const std::string& flag) {
  std::vector<std::string> kept;
  for (const std::string& argument : arguments) {
    if (argument != flag) { kept.push_back(argument); }
  }
  return kept;
}

int run_verb(const VerbKind& verb, const std::vector<std::string>& arguments) {
  const bool asks = std::find(arguments.begin(), arguments.end(), "--help") != arguments.end();
  if (!asks || verb.usage.empty()) { return verb.run(arguments); }
  std::cout << verb.about << "\nusage: lorarun " << verb.usage << "\n";
  return 0;
}

bool asks_for_trust(const std::vector<std::string>& arguments) {
  return arguments.size() > 1 && arguments[1] == "--trust";
}

}  // namespace

RecipeCommand parse_recipe_command(const std::vector<std::string>& arguments) {
  RecipeCommand command;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help") {
      command.options["help"] = true;
    } else if (arguments[i].starts_with("--")) {
      take_flag(arguments, &i, &command.options);
    } else if (command.path.empty()) {
      command.path = recipe_path(arguments[i]);
    } else {
      throw Error("two recipes: " + command.path + " and " + arguments[i])
          .where("the command line")
          .fix("give one; a script with arguments of its own needs --trust");
    }
  }
  return command;
}

int run_command(const std::vector<std::string>& arguments) {
  if (arguments.size() > 1 && arguments[0] == "help") {
    return run_command({arguments[1], "--help"});
  }
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "help") {
    print_help();
    return arguments.empty() ? 2 : 0;
  }
  const std::string& first = arguments[0];
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (first == "--version") {
    std::cout << "lorarun " << kVersion << "\n";
    return 0;
  }
  if (first == "--test") { return run_tests(rest); }
  if (first == "--trust") { return run_trusted(rest); }
  if (first == "--write-docs") {
    return LuaState().call_module("lorarun.docs", "write", Json(rest));
  }
  if (asks_for_trust(arguments)) { return run_trusted(without(arguments, "--trust")); }
  if (const VerbKind* verb = registry().find(first)) { return run_verb(*verb, rest); }
  if (is_word(first) && fs::exists(lua_verb(first))) {
    return LuaState().call_module("lorarun.verbs", "run", {{"verb", first}, {"words", rest}});
  }
  if (is_trusted(first)) { return run_script(arguments); }
  if (is_lua_file(first) || is_shared_recipe(first)) { return run_recipe(arguments); }
  fail_unknown(first);
}

namespace {

void tell(const Error& error) {
  std::cerr << "error: " << error.what() << std::endl;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  try {
    return run_command(arguments);
  } catch (const script::ScriptError& error) {
    tell(error);
    if (std::getenv("LORARUN_TRACEBACK") || asks_for_trust(arguments) ||
        arguments[0] == "--trust") {
      std::cerr << error.traceback() << std::endl;
    }
    return error.exit_code();
  } catch (const Error& error) {
    tell(error);
    return error.exit_code();
  } catch (const c10::Error& error) {
    const std::optional<Error> told = bind::out_of_memory(error);
    std::cerr << "error: " << (told ? told->what() : error.what_without_backtrace()) << std::endl;
  } catch (const std::bad_alloc&) {
    std::cerr << "error: not enough memory\n  fix: a smaller batch, resolution or rank, or dtype = "
                 "\"bf16\""
              << std::endl;
  } catch (const std::exception& error) { std::cerr << "error: " << error.what() << std::endl; }
  return 1;
}

}  // namespace lorarun::host
