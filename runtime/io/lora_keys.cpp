#include "runtime/io/lora_keys.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "runtime/base/error.h"

namespace lorarun {

namespace {

// In all tables "#" stands for the number of a block.

struct MemberPattern {
  const char* target;
  int64_t share = 1;
};

struct ModulePattern {
  const char* native;
  std::vector<MemberPattern> members;
  bool swaps_halves = false;
};

const std::vector<ModulePattern>& flux_modules() {
  static const std::vector<ModulePattern> modules = {
      {"double_blocks.#.img_attn.qkv",
       {{"transformer_blocks.#.attn.to_q"},
        {"transformer_blocks.#.attn.to_k"},
        {"transformer_blocks.#.attn.to_v"}}},
      {"double_blocks.#.txt_attn.qkv",
       {{"transformer_blocks.#.attn.add_q_proj"},
        {"transformer_blocks.#.attn.add_k_proj"},
        {"transformer_blocks.#.attn.add_v_proj"}}},
      {"double_blocks.#.img_attn.proj", {{"transformer_blocks.#.attn.to_out.0"}}},
      {"double_blocks.#.txt_attn.proj", {{"transformer_blocks.#.attn.to_add_out"}}},
      {"double_blocks.#.img_mlp.0", {{"transformer_blocks.#.ff.net.0.proj"}}},
      {"double_blocks.#.img_mlp.2", {{"transformer_blocks.#.ff.net.2"}}},
      {"double_blocks.#.txt_mlp.0", {{"transformer_blocks.#.ff_context.net.0.proj"}}},
      {"double_blocks.#.txt_mlp.2", {{"transformer_blocks.#.ff_context.net.2"}}},
      {"double_blocks.#.img_mod.lin", {{"transformer_blocks.#.norm1.linear"}}},
      {"double_blocks.#.txt_mod.lin", {{"transformer_blocks.#.norm1_context.linear"}}},
      {"single_blocks.#.linear1",
       {{"single_transformer_blocks.#.attn.to_q"},
        {"single_transformer_blocks.#.attn.to_k"},
        {"single_transformer_blocks.#.attn.to_v"},
        {"single_transformer_blocks.#.proj_mlp", 4}}},
      {"single_blocks.#.linear2", {{"single_transformer_blocks.#.proj_out"}}},
      {"single_blocks.#.modulation.lin", {{"single_transformer_blocks.#.norm.linear"}}},
      {"img_in", {{"x_embedder"}}},
      {"txt_in", {{"context_embedder"}}},
      {"time_in.in_layer", {{"time_text_embed.timestep_embedder.linear_1"}}},
      {"time_in.out_layer", {{"time_text_embed.timestep_embedder.linear_2"}}},
      {"vector_in.in_layer", {{"time_text_embed.text_embedder.linear_1"}}},
      {"vector_in.out_layer", {{"time_text_embed.text_embedder.linear_2"}}},
      {"guidance_in.in_layer", {{"time_text_embed.guidance_embedder.linear_1"}}},
      {"guidance_in.out_layer", {{"time_text_embed.guidance_embedder.linear_2"}}},
      {"final_layer.adaLN_modulation.1", {{"norm_out.linear"}}, true},
      {"final_layer.linear", {{"proj_out"}}},
  };
  return modules;
}

const std::vector<const char*>& clip_targets() {
  static const std::vector<const char*> targets = {
      "text_model.encoder.layers.#.self_attn.q_proj",
      "text_model.encoder.layers.#.self_attn.k_proj",
      "text_model.encoder.layers.#.self_attn.v_proj",
      "text_model.encoder.layers.#.self_attn.out_proj",
      "text_model.encoder.layers.#.mlp.fc1",
      "text_model.encoder.layers.#.mlp.fc2",
  };
  return targets;
}

const std::vector<const char*>& t5_targets() {
  static const std::vector<const char*> targets = {
      "encoder.block.#.layer.0.SelfAttention.q",     "encoder.block.#.layer.0.SelfAttention.k",
      "encoder.block.#.layer.0.SelfAttention.v",     "encoder.block.#.layer.0.SelfAttention.o",
      "encoder.block.#.layer.1.DenseReluDense.wi",   "encoder.block.#.layer.1.DenseReluDense.wi_0",
      "encoder.block.#.layer.1.DenseReluDense.wi_1", "encoder.block.#.layer.1.DenseReluDense.wo",
  };
  return targets;
}

struct Prefix {
  const char* text;
  const char* dialect;
  const char* component;
  bool native = false;
  bool flat = false;  // dots written as underscores
};

// The first one of a dialect and component is the one that is written.
constexpr std::array<Prefix, 14> kPrefixes = {{
    {"transformer.", "peft", "transformer"},
    {"base_model.model.transformer.", "peft", "transformer"},
    {"text_encoder.", "peft", "clip_l"},
    {"text_encoder_2.", "peft", "t5"},
    {"lora_unet_", "kohya", "transformer", true, true},
    {"lora_transformer_", "kohya", "transformer", false, true},  // OneTrainer's older files
    {"lora_te1_", "kohya", "clip_l", false, true},
    {"lora_te_", "kohya", "clip_l", false, true},
    {"lora_te3_", "kohya", "t5", false, true},
    {"lora_te2_", "kohya", "t5", false, true},  // OneTrainer's
    {"diffusion_model.", "comfy", "transformer", true},
    {"text_encoders.clip_l.transformer.", "comfy", "clip_l"},
    {"text_encoders.t5xxl.transformer.", "comfy", "t5"},
    {"text_encoders.t5.transformer.", "comfy", "t5"},
}};

struct Suffix {
  const char* text;
  LoraPart part;
};

constexpr std::array<Suffix, 15> kSuffixes = {{
    {".lora_A.weight", LoraPart::down},
    {".lora_B.weight", LoraPart::up},
    {".lora_A.default.weight", LoraPart::down},
    {".lora_B.default.weight", LoraPart::up},
    {".lora_A", LoraPart::down},
    {".lora_B", LoraPart::up},
    {".lora_down.weight", LoraPart::down},
    {".lora_up.weight", LoraPart::up},
    {".lora.down.weight", LoraPart::down},
    {".lora.up.weight", LoraPart::up},
    {"_lora.down.weight", LoraPart::down},
    {"_lora.up.weight", LoraPart::up},
    {".lora_linear_layer.down.weight", LoraPart::down},
    {".lora_linear_layer.up.weight", LoraPart::up},
    {".alpha", LoraPart::alpha},
}};

// Parts of names that only other kinds of files have.
constexpr std::array<std::pair<const char*, const char*>, 11> kForeignParts = {{
    {".lokr_", "lokr"},
    {".hada_", "loha"},
    {".dora_scale", "dora"},
    {".lora_magnitude_vector", "dora"},
    {".oft_", "oft"},
    {".lora_mid.", "locon"},
    {".processor.", "xlabs"},
    {".diff", "difference"},
    {"lora_unet_down_blocks_", "stable diffusion"},
    {"lora_unet_input_blocks_", "stable diffusion"},
    {"unet.", "stable diffusion"},
}};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c >= '0' && c <= '9'; });
}

// The number that "#" stands for (empty when the pattern has none); none where `text` does not fit.
std::optional<std::string> match(std::string_view pattern, std::string_view text) {
  const size_t hole = pattern.find('#');
  if (hole == std::string_view::npos) {
    return pattern == text ? std::optional<std::string>("") : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, hole), after = pattern.substr(hole + 1);
  if (text.size() <= before.size() + after.size()) { return std::nullopt; }
  if (!text.starts_with(before) || !text.ends_with(after)) { return std::nullopt; }
  const std::string_view number =
      text.substr(before.size(), text.size() - before.size() - after.size());
  return all_digits(number) ? std::optional<std::string>(number) : std::nullopt;
}

std::string fill(std::string pattern, const std::string& number) {
  const size_t hole = pattern.find('#');
  return hole == std::string::npos ? pattern : pattern.replace(hole, 1, number);
}

std::string flatten(std::string module) {
  std::replace(module.begin(), module.end(), '.', '_');
  return module;
}

std::vector<const char*> patterns_of(const Prefix& prefix) {
  if (std::string_view(prefix.component) == "clip_l") { return clip_targets(); }
  if (std::string_view(prefix.component) == "t5") { return t5_targets(); }
  std::vector<const char*> patterns;
  for (const ModulePattern& module : flux_modules()) {
    if (prefix.native) { patterns.push_back(module.native); }
    for (const MemberPattern& member : module.members) {
      if (!prefix.native) { patterns.push_back(member.target); }
    }
  }
  return patterns;
}

// The dotted module of what stands between prefix and suffix.
std::optional<std::string> module_of(const Prefix& prefix, const std::string& middle) {
  for (const char* pattern : patterns_of(prefix)) {
    const auto number = match(prefix.flat ? flatten(pattern) : pattern, middle);
    if (number) { return fill(pattern, *number); }
  }
  return std::nullopt;
}

const Suffix* suffix_of(std::string_view key) {
  const Suffix* longest = nullptr;
  for (const Suffix& suffix : kSuffixes) {
    const std::string_view text = suffix.text;
    if (key.ends_with(text) && (!longest || text.size() > std::string_view(longest->text).size())) {
      longest = &suffix;
    }
  }
  return longest;
}

// Newer transformers leave the outer "text_model" of CLIP's path out.
std::string with_text_model(const Prefix& prefix, const std::string& middle) {
  const bool shortened =
      std::string_view(prefix.component) == "clip_l" && middle.starts_with("encoder.layers.");
  return shortened ? "text_model." + middle : middle;
}

const char* suffix_for(const std::string& dialect, LoraPart part) {
  if (part == LoraPart::alpha) { return ".alpha"; }
  if (dialect == "kohya") {
    return part == LoraPart::down ? ".lora_down.weight" : ".lora_up.weight";
  }
  return part == LoraPart::down ? ".lora_A.weight" : ".lora_B.weight";
}

}  // namespace

const std::vector<std::string>& lora_dialects() {
  static const std::vector<std::string> dialects = {"peft", "kohya", "comfy"};
  return dialects;
}

bool has_native_modules(const std::string& dialect) {
  return dialect != "peft";
}

std::optional<LoraKey> parse_lora_key(const std::string& key) {
  const Suffix* suffix = suffix_of(key);
  if (!suffix) { return std::nullopt; }
  const std::string module = key.substr(0, key.size() - std::string_view(suffix->text).size());
  for (const Prefix& prefix : kPrefixes) {
    if (!module.starts_with(prefix.text)) { continue; }
    const std::string middle =
        with_text_model(prefix, module.substr(std::string_view(prefix.text).size()));
    if (const auto found = module_of(prefix, middle)) {
      return LoraKey{prefix.dialect, prefix.component, *found, prefix.native, suffix->part};
    }
  }
  return std::nullopt;
}

std::string lora_key_name(const std::string& dialect, const std::string& component,
                          const std::string& module, LoraPart part) {
  for (const Prefix& prefix : kPrefixes) {
    if (dialect != prefix.dialect || component != prefix.component) { continue; }
    return prefix.text + (prefix.flat ? flatten(module) : module) + suffix_for(dialect, part);
  }
  throw Error("no LoRA dialect named '" + dialect + "' has a component '" + component + "'")
      .fix(dialect, lora_dialects(), "dialects");
}

std::string detect_dialect(const std::vector<std::string>& keys) {
  std::map<std::string, int> counts;
  for (const std::string& key : keys) {
    for (const auto& [part, kind] : kForeignParts) {
      const bool at_start = std::string_view(part).find('.') != 0;
      if (at_start ? key.starts_with(part) : key.find(part) != std::string::npos) { return kind; }
    }
    for (const Prefix& prefix : kPrefixes) {
      if (key.starts_with(prefix.text)) {
        ++counts[prefix.dialect];
        break;
      }
    }
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "unknown" : most->first;
}

std::optional<NativeModule> native_module(const std::string& module) {
  for (const ModulePattern& pattern : flux_modules()) {
    const auto number = match(pattern.native, module);
    if (!number) { continue; }
    NativeModule found{{}, pattern.swaps_halves};
    int64_t shares = 0;
    for (const MemberPattern& member : pattern.members) {
      found.members.push_back({fill(member.target, *number), shares, member.share});
      shares += member.share;
    }
    for (FusedMember& member : found.members) { member.all_shares = shares; }
    return found;
  }
  return std::nullopt;
}

std::optional<NativePlace> native_place(const std::string& target) {
  for (const ModulePattern& pattern : flux_modules()) {
    for (size_t i = 0; i < pattern.members.size(); ++i) {
      const auto number = match(pattern.members[i].target, target);
      if (number) { return NativePlace{fill(pattern.native, *number), i}; }
    }
  }
  return std::nullopt;
}

}  // namespace lorarun
