#include "runtime/networks/lora_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/io/lora_keys.h"
#include "runtime/networks/lora_fusion.h"
#include "runtime/networks/lora_metadata.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::networks {

namespace {

// ---- reading ----

// True for names as a full run saves them: "transformer.x_embedder.weight".
bool has_whole_weights(const std::vector<std::string>& names) {
  constexpr std::array<const char*, 4> kComponents = {"transformer.", "clip_l.", "t5.", "vae."};
  return !names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.find("lora") == std::string::npos &&
           std::any_of(kComponents.begin(), kComponents.end(),
                       [&name](const char* prefix) { return name.starts_with(prefix); });
  });
}

// What a file that is no LoRA in one of our dialects is, and what its owner can do.
Error foreign_file(const std::string& kind) {
  static const std::map<std::string, std::string> names = {
      {"lokr", "a LyCORIS LoKr (Kronecker factors)"},
      {"loha", "a LyCORIS LoHa (Hadamard factors)"},
      {"dora", "a DoRA (a LoRA with magnitudes)"},
      {"oft", "an OFT (orthogonal factors)"},
      {"locon", "a LoCon with Tucker factors (lora_mid)"},
      {"difference", "a file of weight differences (.diff)"},
      {"xlabs", "a LoRA in XLabs' own layout"},
      {"stable diffusion", "a LoRA for Stable Diffusion, not for FLUX.1"},
  };
  const auto name = names.find(kind);
  if (name == names.end()) {
    return Error("no tensor of this file has the name of a LoRA matrix")
        .fix("give a LoRA for FLUX.1 with PEFT, kohya or ComfyUI names");
  }
  Error error("this file is " + name->second);
  if (kind == "xlabs") {
    error.fix(
        "load it with diffusers and save it again (save_lora_weights): that gives PEFT names");
  } else if (kind == "stable diffusion") {
    error.fix("use it with the model it was made for");
  } else {
    error.fix(
        "lorarun reads plain LoRA (A and B): ask for such a file, or merge this one into its base "
        "model");
  }
  return error;
}

Error whole_file() {
  return Error("this file holds whole weights of a full training, not a LoRA")
      .fix(
          "put them into the base: lorarun export BASE OUT --weights FILE, and use OUT as the "
          "model");
}

// The tensors of one module, as they are found in the file.
struct Halves {
  bool native = false;
  Tensor down, up;
  std::optional<double> alpha;
};
using Modules = std::map<std::pair<std::string, std::string>, Halves>;  // component, module

double alpha_value(const std::string& name, const Tensor& tensor) {
  const bool one = tensor.numel() == 1;
  const double value = one ? tensor.to(at::kDouble).item<double>() : NAN;
  if (std::isfinite(value)) { return value; }
  throw Error(name + " is no finite number").fix("fetch the file again, or convert it anew");
}

Modules collect(const NamedTensors& tensors) {
  Modules modules;
  for (const auto& [name, tensor] : tensors) {
    const auto key = parse_lora_key(name);
    if (!key) {
      throw Error("tensor '" + name + "' belongs to no layer of FLUX.1 that a LoRA can change")
          .fix("if the file was made for another model, use it with that one");
    }
    Halves& halves = modules[{key->component, key->module}];
    halves.native = key->native;
    switch (key->part) {
      case LoraPart::down:
        halves.down = tensor;
        break;
      case LoraPart::up:
        halves.up = tensor;
        break;
      case LoraPart::alpha:
        halves.alpha = alpha_value(name, tensor);
        break;
    }
  }
  return modules;
}

void check_halves(const std::string& module, const Halves& halves) {
  const char* remedy = "the file is damaged or was edited: fetch it again";
  if (!halves.down.defined() || !halves.up.defined()) {
    throw Error(module + " has no " + (halves.down.defined() ? "B (up)" : "A (down)") + " matrix")
        .fix(remedy);
  }
  const Tensor &down = halves.down, &up = halves.up;
  const bool fits = down.dim() == 2 && up.dim() == 2 && down.size(0) == up.size(1) &&
                    down.size(0) > 0 && down.is_floating_point() && up.is_floating_point();
  if (!fits) {
    throw Error(module + ": A " + shape_text(down.sizes()) + " and B " + shape_text(up.sizes()) +
                " do not fit each other; expected [rank, in] and [out, rank]")
        .fix(remedy);
  }
}

// PEFT's alphas stand in the header, or were baked into B when the file was written.
void restore_peft_alpha(LoraEntry& entry, const AdapterConfig& config,
                        const std::map<std::string, double>& baked) {
  const double rank = static_cast<double>(entry.rank());
  entry.alpha = config.alpha_of(entry, rank);
  const auto at = baked.find(entry.component + "/" + entry.target);
  if (at == baked.end()) { return; }
  entry.alpha = at->second;
  entry.up = entry.up.to(at::kDouble).div(entry.alpha / rank).to(entry.up.scalar_type());
}

bool in_order(const LoraEntry& a, const LoraEntry& b) {
  return std::tie(a.component, a.target) < std::tie(b.component, b.target);
}

std::vector<LoraEntry> entries_of(const Modules& modules, const Metadata& metadata) {
  const AdapterConfig config(metadata);
  const auto baked = baked_alphas(metadata);
  std::vector<LoraEntry> entries;
  for (const auto& [name, halves] : modules) {
    const auto& [component, module] = name;
    check_halves(module, halves);
    const double alpha = halves.alpha.value_or(static_cast<double>(halves.down.size(0)));
    if (halves.native) {
      for (LoraEntry& entry : split_fused({module, halves.down, halves.up, alpha})) {
        entries.push_back(std::move(entry));
      }
      continue;
    }
    entries.push_back({component, module, halves.down, halves.up, alpha});
    if (!halves.alpha) { restore_peft_alpha(entries.back(), config, baked); }
  }
  std::sort(entries.begin(), entries.end(), in_order);
  return entries;
}

// ---- writing ----

// Up with alpha baked in, if that can be undone to the bit.
std::optional<Tensor> bake(const LoraEntry& entry) {
  const double scale = entry.alpha / static_cast<double>(entry.rank());
  if (scale == 1.0) { return entry.up; }
  if (!(scale > 0)) { return std::nullopt; }
  const Tensor baked = entry.up.to(at::kDouble).mul(scale).to(entry.up.scalar_type());
  const Tensor undone = baked.to(at::kDouble).div(scale).to(entry.up.scalar_type());
  return at::equal(undone, entry.up) ? std::optional(baked) : std::nullopt;
}

// Alpha as other trainers store it: in the weights' type, if that holds it exactly.
Tensor alpha_tensor(double alpha, at::ScalarType dtype) {
  const Tensor exact = at::scalar_tensor(alpha, at::kDouble);
  const Tensor small = exact.to(dtype);
  return small.to(at::kDouble).item<double>() == alpha ? small : exact.to(at::kFloat);
}

void add_module(NamedTensors& tensors, const std::string& dialect, const std::string& component,
                const std::string& module, const Tensor& down, const Tensor& up,
                std::optional<double> alpha) {
  const auto name = [&](LoraPart part) { return lora_key_name(dialect, component, module, part); };
  tensors[name(LoraPart::down)] = down;
  tensors[name(LoraPart::up)] = up;
  if (alpha) { tensors[name(LoraPart::alpha)] = alpha_tensor(*alpha, down.scalar_type()); }
}

NamedTensors peft_tensors(const std::vector<LoraEntry>& entries, Metadata& metadata) {
  std::vector<Tensor> ups;
  std::map<std::string, double> baked;
  for (const LoraEntry& entry : entries) {
    const auto up = bake(entry);
    if (!up) { break; }
    ups.push_back(*up);
    if (entry.alpha != static_cast<double>(entry.rank())) {
      baked[entry.component + "/" + entry.target] = entry.alpha;
    }
  }
  const bool all_baked = ups.size() == entries.size();  // readers expect .alpha for all or none
  set_baked_alphas(metadata, all_baked ? baked : std::map<std::string, double>());
  NamedTensors tensors;
  for (size_t i = 0; i < entries.size(); ++i) {
    const LoraEntry& entry = entries[i];
    add_module(tensors, "peft", entry.component, entry.target, entry.down,
               all_baked ? ups[i] : entry.up,
               all_baked ? std::nullopt : std::optional(entry.alpha));
  }
  return tensors;
}

NamedTensors native_tensors(const std::vector<LoraEntry>& entries, const std::string& dialect) {
  NamedTensors tensors;
  std::map<std::string, std::vector<const LoraEntry*>> by_module;
  for (const LoraEntry& entry : entries) {
    if (entry.component != "transformer") {
      add_module(tensors, dialect, entry.component, entry.target, entry.down, entry.up,
                 entry.alpha);
      continue;
    }
    const auto place = native_place(entry.target);
    if (!place) {
      throw Error("FLUX.1 has no module for " + entry.target + " in " + dialect + " names")
          .fix("write the file with --to peft");
    }
    by_module[place->module].push_back(&entry);
  }
  for (const auto& [module, members] : by_module) {
    const FusedLora fused = merge_entries(module, members);
    add_module(tensors, dialect, "transformer", module, fused.down, fused.up, fused.alpha);
  }
  return tensors;
}

std::vector<LoraEntry> entries_to_write(const std::vector<LoraEntry>& entries,
                                        std::optional<at::ScalarType> dtype) {
  std::vector<LoraEntry> plain;
  for (const LoraEntry& entry : entries) {
    check_halves(entry.target, {false, entry.down, entry.up, entry.alpha});
    const auto ready = [&](const Tensor& tensor) {
      return tensor.detach().to(at::kCPU).to(dtype.value_or(tensor.scalar_type())).contiguous();
    };
    plain.push_back(
        {entry.component, entry.target, ready(entry.down), ready(entry.up), entry.alpha});
  }
  std::sort(plain.begin(), plain.end(), in_order);
  return plain;
}

void write_with_hashes(const std::filesystem::path& path, const NamedTensors& tensors,
                       Metadata metadata) {
  std::vector<Tensor> kept;
  std::vector<TensorToWrite> list;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.contiguous());
    const Tensor& plain = kept.back();
    list.push_back({name, safetensors_name(plain.scalar_type()), plain.sizes().vec(),
                    plain.const_data_ptr(), plain.nbytes()});
  }
  set_hashes(metadata, list);
  write_safetensors(path, list, metadata);
}

}  // namespace

Tensor LoraEntry::delta_weight() const {
  const double scale = alpha / static_cast<double>(rank());
  return at::matmul(up.to(at::kFloat), down.to(at::kFloat)).mul(scale);
}

LoraFile read_lora_file(const std::filesystem::path& path) {
  const auto source = SafetensorsFile::open(path);
  std::vector<std::string> names;
  NamedTensors tensors;
  for (const TensorView& view : source->tensors()) {
    names.push_back(view.name);
    tensors.emplace(view.name, tensor_of(view, source));
  }
  try {
    if (has_whole_weights(names)) { throw whole_file(); }
    const std::string dialect = detect_dialect(names);
    const auto& known = lora_dialects();
    if (std::find(known.begin(), known.end(), dialect) == known.end()) {
      throw foreign_file(dialect);
    }
    return {entries_of(collect(tensors), source->metadata()), source->metadata(), dialect};
  } catch (Error& error) { throw error.where(path.string()); }
}

void write_lora_file(const std::filesystem::path& path, const LoraFile& file,
                     const std::string& dialect, std::optional<at::ScalarType> dtype,
                     const std::map<std::string, std::string>& metadata) {
  const auto& known = lora_dialects();
  if (std::find(known.begin(), known.end(), dialect) == known.end()) {
    throw Error("no LoRA dialect named '" + dialect + "'").fix(dialect, known, "dialects");
  }
  LR_CHECK(!file.entries.empty(), "a network to write");
  Metadata header = metadata;
  header.insert(file.metadata.begin(), file.metadata.end());
  const std::vector<LoraEntry> entries = entries_to_write(file.entries, dtype);
  set_baked_alphas(header, {});
  const NamedTensors tensors = has_native_modules(dialect) ? native_tensors(entries, dialect)
                                                           : peft_tensors(entries, header);
  add_standard_metadata(header, entries, path.stem().string());
  write_with_hashes(path, tensors, header);
}

}  // namespace lorarun::networks
