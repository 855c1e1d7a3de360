// lorarun inspect FILE|FOLDER [--json]: what a LoRA file or a base model is.

#include <iostream>
#include <set>

#include "runtime/base/files.h"
#include "runtime/base/json.h"
#include "runtime/host/arguments.h"
#include "runtime/host/registry.h"
#include "runtime/models/registry.h"
#include "runtime/networks/lora_file.h"
#include "runtime/tensor/tensor.h"

namespace lorarun::host {

namespace {

// One number when all agree, else the list of those that occur.
template <typename Number>
Json one_or_all(const std::set<Number>& values) {
  if (values.size() == 1) { return *values.begin(); }
  return std::vector<Number>(values.begin(), values.end());
}

Json lora_facts(const fs::path& path) {
  const networks::LoraFile file = networks::read_lora_file(path);
  std::set<int64_t> ranks;
  std::set<double> alphas;
  std::set<std::string> dtypes;
  std::map<std::string, int64_t> components;
  std::vector<std::string> targets;
  int64_t parameters = 0;
  for (const networks::LoraEntry& entry : file.entries) {
    ranks.insert(entry.rank());
    alphas.insert(entry.alpha);
    dtypes.insert(name_of_dtype(entry.down.scalar_type()));
    ++components[entry.component];
    targets.push_back(entry.component + "/" + entry.target);
    parameters += entry.down.numel() + entry.up.numel();
  }
  return {{"file", path.string()},
          {"kind", "lora"},
          {"family", "flux"},
          {"dialect", file.dialect},
          {"rank", one_or_all(ranks)},
          {"alpha", one_or_all(alphas)},
          {"dtype", one_or_all(dtypes)},
          {"parameters", parameters},
          {"components", components},
          {"targets", targets},
          {"metadata", file.metadata}};
}

// "flux", or nothing when no family knows the folder.
std::string family_of(const fs::path& folder) {
  for (const std::string& name : models::registry().names()) {
    if (models::registry().find(name)->recognises(folder)) { return name; }
  }
  return "";
}

uintmax_t bytes_of(const fs::path& folder) {
  uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == ".safetensors") {
      bytes += entry.file_size();
    }
  }
  return bytes;
}

Json base_facts(const fs::path& folder) {
  const fs::path index = folder / "model_index.json";
  if (!fs::exists(index)) {
    throw Error("the folder holds no model_index.json, so it is no diffusers base model")
        .where(folder.string())
        .fix("give a LoRA file, or the folder that holds model_index.json");
  }
  Json components = Json::object();
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path config = entry.path() / "config.json";
    if (!entry.is_directory() || !fs::exists(config)) { continue; }
    components[entry.path().filename().string()] = {
        {"config", read_json(config)},
        {"weight_bytes", bytes_of(entry.path())},
        {"random", fs::exists(entry.path() / "random.json")}};
  }
  const std::string family = family_of(folder);
  return {{"file", folder.string()},
          {"kind", "base"},
          {"family", family.empty() ? Json(nullptr) : Json(family)},
          {"pipeline", read_json(index).value("_class_name", "")},
          {"components", components}};
}

void print_lora(const Json& facts) {
  std::cout << "LoRA of " << facts["family"].get<std::string>() << ", "
            << facts["dialect"].get<std::string>() << " names\n"
            << "  rank        " << facts["rank"].dump() << "\n"
            << "  alpha       " << facts["alpha"].dump() << "\n"
            << "  dtype       " << facts["dtype"].dump() << "\n"
            << "  parameters  " << facts["parameters"].dump() << "\n";
  for (const auto& [component, modules] : facts["components"].items()) {
    std::cout << "  " << component << ": " << modules.dump() << " modules\n";
  }
  for (const auto& [key, value] : facts["metadata"].items()) {
    const std::string text = value;
    std::cout << "  " << key << ": " << text.substr(0, 100) << (text.size() > 100 ? " ..." : "")
              << "\n";
  }
}

void print_base(const Json& facts) {
  const bool known = facts["family"].is_string();
  std::cout << "base model: " << (known ? facts["family"].get<std::string>() : "of no known family")
            << " (" << facts["pipeline"].get<std::string>() << ")\n";
  for (const auto& [name, component] : facts["components"].items()) {
    std::cout << "  " << name << ": " << component["weight_bytes"].dump() << " bytes"
              << (component["random"].get<bool>() ? ", made from random.json" : "") << "\n";
  }
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"--json"}, {});
  const fs::path path = arguments.one("a LoRA file or a base folder");
  const bool is_base = fs::is_directory(path);
  const Json facts = is_base ? base_facts(path) : lora_facts(path);
  if (arguments.has("--json")) {
    std::cout << facts.dump(2, ' ', false, Json::error_handler_t::replace) << std::endl;
  } else if (is_base) {
    print_base(facts);
  } else {
    print_lora(facts);
  }
  return 0;
}

}  // namespace

VerbKind describe_inspect() {
  return {"names dialect, family, rank and training facts of a file",
          "inspect FILE|FOLDER [--json]", run};
}

}  // namespace lorarun::host
