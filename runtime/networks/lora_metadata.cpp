#include "runtime/networks/lora_metadata.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/json.h"
#include "runtime/io/safetensors_header.h"

namespace lorarun::networks {

namespace {

constexpr const char* kBakedAlphas = "lorarun.alpha";
constexpr const char* kAdapterConfig = "lora_adapter_metadata";  // diffusers' key

// The value that most entries have; of equally frequent ones the smallest.
template <typename ValueOf>
double most_common(const std::vector<LoraEntry>& entries, ValueOf value_of) {
  std::map<double, int> counts;
  for (const LoraEntry& entry : entries) { ++counts[value_of(entry)]; }
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// As Python's str(float) prints it: "16.0", "0.5".
std::string as_python_float(double value) {
  return to_line(Json(value));
}

// Tensors in the order in which write_safetensors lays them down, with their places.
std::vector<std::pair<TensorEntry, const TensorToWrite*>> laid_out(
    const std::vector<TensorToWrite>& tensors) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) { order.push_back(&tensor); }
  std::sort(order.begin(), order.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
    const int rank_a = dtype_rank(a->dtype), rank_b = dtype_rank(b->dtype);
    return rank_a != rank_b ? rank_a > rank_b : a->name < b->name;
  });
  std::vector<std::pair<TensorEntry, const TensorToWrite*>> places;
  uint64_t at = 0;
  for (const TensorToWrite* tensor : order) {
    places.push_back(
        {{tensor->name, tensor->dtype, tensor->shape, at, at + tensor->bytes}, tensor});
    at += tensor->bytes;
  }
  return places;
}

// Adds the part of `bytes` (which stand at `start` in the file) that lies in [from, until).
void add_overlap(Sha256& sum, std::string_view bytes, uint64_t start, uint64_t from,
                 uint64_t until) {
  const uint64_t first = std::max(start, from), last = std::min(start + bytes.size(), until);
  if (first < last) { sum.add(bytes.data() + (first - start), last - first); }
}

std::string legacy_hash(const Metadata& metadata, const std::vector<TensorToWrite>& tensors) {
  constexpr uint64_t kFrom = 0x100000, kUntil = 0x110000;
  Metadata of_sd_scripts;
  for (const auto& [key, value] : metadata) {
    if (key.starts_with("ss_")) { of_sd_scripts.emplace(key, value); }
  }
  const auto places = laid_out(tensors);
  std::vector<TensorEntry> entries;
  for (const auto& [entry, tensor] : places) { entries.push_back(entry); }
  const std::string header = safetensors_header_text(entries, of_sd_scripts);
  Sha256 sum;
  add_overlap(sum, header, 0, kFrom, kUntil);
  for (const auto& [entry, tensor] : places) {
    const std::string_view bytes(static_cast<const char*>(tensor->data), tensor->bytes);
    add_overlap(sum, bytes, header.size() + entry.begin, kFrom, kUntil);
  }
  return sum.hex().substr(0, 8);
}

const std::map<std::string, std::string>& prefix_of_component() {
  static const std::map<std::string, std::string> prefixes = {
      {"transformer", "transformer."}, {"clip_l", "text_encoder."}, {"t5", "text_encoder_2."}};
  return prefixes;
}

bool fits(std::string pattern, const std::string& target) {
  std::erase(pattern, '\\');
  if (pattern.starts_with('^')) { return target == pattern.substr(1); }
  return target == pattern || target.ends_with("." + pattern);
}

}  // namespace

void add_standard_metadata(Metadata& metadata, const std::vector<LoraEntry>& entries,
                           const std::string& title) {
  const double rank = most_common(entries, [](const auto& e) { return double(e.rank()); });
  const double alpha = most_common(entries, [](const auto& e) { return e.alpha; });
  const Metadata standard = {
      {"format", "pt"},
      {"ss_base_model_version", "flux1"},
      {"ss_network_module", "networks.lora_flux"},
      {"ss_network_dim", std::to_string(static_cast<int64_t>(rank))},
      {"ss_network_alpha", as_python_float(alpha)},
      {"ss_network_args", "{}"},
      {"ss_output_name", title},
      {"ss_v2", "False"},
      {"modelspec.sai_model_spec", "1.0.1"},
      {"modelspec.architecture", "flux-1-dev/lora"},
      {"modelspec.implementation", "https://github.com/black-forest-labs/flux"},
      {"modelspec.title", title},
  };
  metadata.insert(standard.begin(), standard.end());
}

void set_hashes(Metadata& metadata, const std::vector<TensorToWrite>& tensors) {
  metadata["sshs_model_hash"] = safetensors_data_sha256(tensors);
  metadata["sshs_legacy_hash"] = legacy_hash(metadata, tensors);
}

void set_baked_alphas(Metadata& metadata, const std::map<std::string, double>& alphas) {
  metadata.erase(kBakedAlphas);
  metadata.erase(kAdapterConfig);
  if (!alphas.empty()) { metadata[kBakedAlphas] = to_line(Json(alphas)); }
}

std::map<std::string, double> baked_alphas(const Metadata& metadata) {
  std::map<std::string, double> alphas;
  const auto text = metadata.find(kBakedAlphas);
  if (text == metadata.end()) { return alphas; }
  const Json json = parse_json(text->second, std::string("header key ") + kBakedAlphas);
  for (const auto& [target, alpha] : json.items()) {
    if (alpha.is_number() && std::isfinite(alpha.get<double>()) && alpha.get<double>() > 0) {
      alphas.emplace(target, alpha.get<double>());
    }
  }
  return alphas;
}

AdapterConfig::AdapterConfig(const Metadata& metadata) {
  const auto text = metadata.find(kAdapterConfig);
  if (text == metadata.end()) { return; }
  const Json json = parse_json(text->second, std::string("header key ") + kAdapterConfig);
  if (!json.is_object()) { return; }
  for (const auto& [component, prefix] : prefix_of_component()) {
    const auto value = [&](const char* key) { return json.value(prefix + key, Json()); };
    if (value("use_dora") == true) {
      throw Error("this file is a DoRA: it has magnitudes besides A and B")
          .fix("lorarun reads plain LoRA: merge the DoRA into its base model, or train it as LoRA");
    }
    const Json alpha = value("lora_alpha"), patterns = value("alpha_pattern");
    if (!alpha.is_number()) { continue; }
    Component found{alpha.get<double>(), value("use_rslora") == true, {}};
    for (const auto& [pattern, of_pattern] : patterns.items()) {
      if (of_pattern.is_number()) { found.alpha_by_pattern[pattern] = of_pattern.get<double>(); }
    }
    components_.emplace(component, found);
  }
}

double AdapterConfig::alpha_of(const LoraEntry& entry, double standard) const {
  const auto component = components_.find(entry.component);
  if (component == components_.end()) { return standard; }
  double alpha = component->second.alpha;
  for (const auto& [pattern, of_pattern] : component->second.alpha_by_pattern) {
    if (fits(pattern, entry.target)) { alpha = of_pattern; }
  }
  const double rank = static_cast<double>(entry.rank());
  return component->second.divides_by_root_of_rank ? alpha * std::sqrt(rank) : alpha;
}

}  // namespace lorarun::networks
