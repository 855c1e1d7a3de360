#include "runtime/networks/network.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/nearest.h"

namespace lorarun::networks {
namespace {

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', begin)) {
    parts.push_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(name.substr(begin));
  return parts;
}

bool has_wildcards(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

bool is_denoiser(const std::string& component) {
  return component == "transformer" || component == "unet";
}

std::string full_name(const std::string& component, const std::string& target) {
  return is_denoiser(component) ? target : component + "." + target;
}

std::string target_of(const nn::AdaptableLayer& layer) {
  return full_name(layer.component, layer.layer->name);
}

// "ff" is in "a.ff.b" and in "a.ff_context"; "blocks.1" is not in "blocks.10".
bool has_word(const std::string& name, const std::string& word) {
  for (size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || name[at - 1] == '.';
    const bool ends = end == name.size() || name[end] == '.' || name[end] == '_';
    if (begins && ends) { return true; }
  }
  return false;
}

}  // namespace

bool matches(const std::string& name, const std::string& pattern) {
  if (has_wildcards(pattern)) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; }
  return has_word(name, pattern);
}

namespace {

// Modulation layers ("norm1.linear") are adapted only where a pattern names them: they move
// every token alike, and trainers leave them alone.
bool is_modulation(const std::string& name) {
  const std::vector<std::string> parts = parts_of(name);
  return std::any_of(parts.begin(), parts.end(),
                     [](const std::string& part) { return part.starts_with("norm"); });
}

bool is_target(const std::string& name, const std::vector<std::string>& targets) {
  if (targets.empty()) { return !is_modulation(name); }
  return std::any_of(targets.begin(), targets.end(), [&name](const std::string& pattern) {
    const bool names_norm = pattern.find("norm") != std::string::npos;
    return matches(name, pattern) && (names_norm || !is_modulation(name));
  });
}

bool matches_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&name](const std::string& pattern) { return matches(name, pattern); });
}

// What a person may have meant: whole names, and the words inside them.
std::vector<std::string> known_words(const std::vector<nn::AdaptableLayer>& layers) {
  std::set<std::string> words;
  for (const nn::AdaptableLayer& layer : layers) {
    const std::string name = target_of(layer);
    words.insert(name);
    for (const std::string& part : parts_of(name)) {
      if (!std::all_of(part.begin(), part.end(), ::isdigit)) { words.insert(part); }
    }
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> examples(const std::vector<nn::AdaptableLayer>& layers) {
  constexpr size_t kShown = 4;
  std::vector<std::string> names;
  for (const nn::AdaptableLayer& layer : layers) {
    if (names.size() < kShown) { names.push_back(target_of(layer)); }
  }
  return names;
}

void expect_used(const std::string& pattern, const std::string& key,
                 const std::vector<nn::AdaptableLayer>& layers) {
  for (const nn::AdaptableLayer& layer : layers) {
    if (matches(target_of(layer), pattern)) { return; }
  }
  Error error("no layer matches the pattern '" + pattern + "'");
  error.where("network." + key);
  const auto meant = nearest(pattern, known_words(layers));
  const std::string layers_are = "layers are " + join(examples(layers), ", ") + ", …";
  throw error.fix(meant ? "did you mean '" + *meant + "'?  " + layers_are : layers_are);
}

}  // namespace

std::string Module::change_key() const {
  const at::NoGradGuard none;
  if (strength == 0.0 || delta_weight().eq(0).all().item<bool>()) { return ""; }
  Sha256 hash;
  hash.add(std::to_string(alpha()) + "/" + std::to_string(strength));
  for (const NamedParameter& one : named_parameters()) {
    const Tensor plain = one.tensor.detach().cpu().contiguous();
    hash.add(one.name).add(plain.const_data_ptr(), plain.nbytes());
  }
  return hash.hex();
}

std::string full_name(const Entry& entry) {
  return full_name(entry.component, entry.target);
}

std::vector<nn::AdaptableLayer> choose(const std::vector<nn::AdaptableLayer>& layers,
                                       const std::vector<std::string>& targets,
                                       const std::vector<std::string>& exclude,
                                       const std::string& key) {
  for (const std::string& pattern : targets) { expect_used(pattern, key, layers); }
  for (const std::string& pattern : exclude) { expect_used(pattern, "exclude", layers); }
  std::vector<nn::AdaptableLayer> chosen;
  for (const nn::AdaptableLayer& layer : layers) {
    const std::string name = target_of(layer);
    if (is_target(name, targets) && !matches_any(name, exclude)) { chosen.push_back(layer); }
  }
  if (chosen.empty()) {
    throw Error("targets and exclude leave no layer to adapt")
        .where("network." + key)
        .fix("name fewer layers in exclude; layers are " + join(examples(layers), ", ") + ", …");
  }
  return chosen;
}

Network::Network(const NetworkOptions& options, const std::vector<nn::AdaptableLayer>& layers,
                 uint64_t seed, at::Device device)
    : options_(options), clock_(std::make_shared<DropoutClock>()) {
  clock_->seed = seed;
  std::vector<nn::AdaptableLayer> denoiser, encoders;
  for (const nn::AdaptableLayer& layer : layers) {
    (is_denoiser(layer.component) ? denoiser : encoders).push_back(layer);
  }
  if (!denoiser.empty()) {
    put_into(choose(denoiser, options.targets, options.exclude), options.options, seed, device);
  }
  if (encoders.empty()) { return; }
  Json encoder_options = options.options;
  encoder_options.update(options.encoder_options);
  put_into(choose(encoders, options.encoder_targets, {}, "text_encoder_targets"), encoder_options,
           seed, device);
}

void Network::put_into(const std::vector<nn::AdaptableLayer>& chosen, const Json& options,
                       uint64_t seed, at::Device device) {
  const NetworkKind& kind = registry().get(options_.kind, "network");
  LR_CHECK(kind.make != nullptr, "a kind that stands beside frozen layers");
  for (const nn::AdaptableLayer& one : chosen) {
    const ModuleSpec spec = {.target = target_of(one),
                             .in = one.layer->in(),
                             .out = one.layer->out(),
                             .device = device,
                             .seed = seed,
                             .options = options,
                             .clock = clock_};
    const std::shared_ptr<Module> module = kind.make(spec);
    one.layer->adapter = module;
    slots_.push_back(one.layer->adapter);
    entries_.push_back({one.component, one.layer->name, module});
  }
}

namespace {

// Modules of a component in the order of their names: "a.to_q" with its weight and bias.
std::map<std::string, std::vector<NamedParameter>> modules_of(const WholeComponent& component) {
  std::map<std::string, std::vector<NamedParameter>> modules;
  for (const auto& [name, tensor] : component.weights) {
    const size_t dot = name.rfind('.');
    modules[name.substr(0, dot)].push_back({name.substr(dot + 1), tensor});
  }
  return modules;
}

// Of all weights, those that the patterns choose; an empty list of targets means all.
bool is_chosen(const std::string& name, const NetworkOptions& options) {
  const bool wanted = options.targets.empty() || matches_any(name, options.targets);
  return wanted && !matches_any(name, options.exclude);
}

}  // namespace

Network::Network(const NetworkOptions& options, const std::vector<WholeComponent>& components,
                 uint64_t seed)
    : options_(options), clock_(std::make_shared<DropoutClock>()) {
  const NetworkKind& kind = registry().get(options_.kind, "network");
  LR_CHECK(kind.make_whole != nullptr, "a kind that trains the model's own weights");
  std::vector<std::string> names;
  for (const WholeComponent& component : components) {
    for (const auto& [target, parameters] : modules_of(component)) {
      names.push_back(full_name(component.name, target));
      if (!is_chosen(names.back(), options)) { continue; }
      entries_.push_back({component.name, target,
                          kind.make_whole({.component = component.name,
                                           .target = target,
                                           .parameters = parameters,
                                           .seed = seed,
                                           .options = options.options})});
    }
  }
  if (!entries_.empty()) { return; }
  names.resize(std::min<size_t>(names.size(), 4));
  throw Error("targets and exclude leave no weight to train")
      .where("network.targets")
      .fix("modules are " + join(names, ", ") + ", …");
}

Network::~Network() {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].get() == entries_[i].module.get()) { slots_[i].reset(); }
  }
}

std::vector<NamedParameter> Network::parameters() const {
  std::vector<NamedParameter> all;
  for (const Entry& entry : entries_) {
    for (const NamedParameter& one : entry.module->named_parameters()) {
      all.push_back({entry.component + "/" + entry.target + "." + one.name, one.tensor});
    }
  }
  return all;
}

}  // namespace lorarun::networks
