#include "runtime/train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/networks/lora_file.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::train {
namespace {

std::string numbered(const std::string& name, int64_t step) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "-%06lld", static_cast<long long>(step));
  return name + digits;
}

std::filesystem::path raw_path(const CheckpointPlace& place, int64_t step) {
  return place.folder / (numbered(place.name, step) + ".raw.safetensors");
}

// The adapters as they stand in the trainer now.
networks::LoraFile lora_of(const networks::Network& network) {
  networks::LoraFile file;
  for (const networks::Entry& entry : network.entries()) {
    networks::LoraEntry one{
        .component = entry.component, .target = entry.target, .alpha = entry.module->alpha()};
    for (const networks::NamedParameter& parameter : entry.module->named_parameters()) {
      if (parameter.name == "down") { one.down = parameter.tensor.detach(); }
      if (parameter.name == "up") { one.up = parameter.tensor.detach(); }
    }
    if (!one.down.defined() || !one.up.defined()) {
      throw Error("a network of kind '" + network.options().kind +
                  "' cannot be written as a LoRA file")
          .where("network.kind")
          .fix("use lora, or add a writer for this kind");
    }
    file.entries.push_back(std::move(one));
  }
  return file;
}

// What an entry adds to a layer's output for the input x [in, 4].
Tensor change_of(const networks::LoraEntry& entry, const Tensor& x) {
  const double scale = entry.alpha / static_cast<double>(entry.rank());
  return entry.up.to(at::kFloat).matmul(entry.down.to(at::kFloat).matmul(x)) * scale;
}

// Reads the file back and compares what each module does to a keyed input: a file that other
// programs would read as another network must not leave.
void self_check(const std::filesystem::path& path, const networks::LoraFile& written,
                const std::string& dtype) {
  const double tolerance = dtype_from_name(dtype) == at::kFloat ? 1e-5 : 2e-2;
  const networks::LoraFile read = networks::read_lora_file(path);
  std::map<std::string, const networks::LoraEntry*> by_name;
  for (const networks::LoraEntry& entry : read.entries) {
    by_name[entry.component + "/" + entry.target] = &entry;
  }
  for (const networks::LoraEntry& entry : written.entries) {
    const std::string name = entry.component + "/" + entry.target;
    LR_CHECK(by_name.contains(name), "the LoRA file lost the module " + name);
    const networks::LoraEntry here{entry.component, entry.target, entry.down.cpu(), entry.up.cpu(),
                                   entry.alpha};
    const Tensor x = keyed_normal(0, "self_check", 0, 0, {here.down.size(1), 4});
    const Tensor expected = change_of(here, x), found = change_of(*by_name[name], x);
    const double difference = (expected - found).norm().item<double>();
    LR_CHECK(difference <= tolerance * expected.norm().item<double>() + 1e-12,
             "the LoRA file changed the module " + name);
  }
}

void write_lora(const std::filesystem::path& path, const Trainer& trainer,
                const SaveOptions& options) {
  const networks::LoraFile file = lora_of(const_cast<Trainer&>(trainer).network());
  networks::write_lora_file(path, file, options.dialect, dtype_from_name(options.dtype),
                            options.metadata);
  if (options.self_check) { self_check(path, file, options.dtype); }
}

void flush_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) { return; }
  ::fsync(fd);
  ::close(fd);
}

// The state folder appears whole or not at all.
void write_state(const CheckpointPlace& place, int64_t step, const Trainer& trainer,
                 const Json& state) {
  const std::filesystem::path final_path = place.state(step);
  std::filesystem::path temporary = final_path;
  temporary += ".tmp-" + std::to_string(::getpid());
  std::filesystem::remove_all(temporary);
  make_folder(temporary);
  try {
    save_tensors(temporary / "tensors.safetensors", trainer.state());
    write_atomically(temporary / "state.json", to_line(state));
    std::filesystem::remove_all(final_path);  // of a save that was killed before its LoRA file
    std::filesystem::rename(temporary, final_path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    throw;
  }
  flush_folder(place.folder);
}

void remove_checkpoint(const CheckpointPlace& place, int64_t step) {
  std::error_code ignored;  // the LoRA file first: without it the checkpoint does not exist
  std::filesystem::remove(place.lora(step), ignored);
  std::filesystem::remove(raw_path(place, step), ignored);
  std::filesystem::remove_all(place.state(step), ignored);
}

// What a killed writer left.  A run folder has one writer at a time.
void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().find(".tmp-") != std::string::npos) {
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace

std::filesystem::path CheckpointPlace::lora(int64_t step) const {
  return folder / (numbered(name, step) + ".safetensors");
}

std::filesystem::path CheckpointPlace::state(int64_t step) const {
  return folder / (numbered(name, step) + ".state");
}

void save_checkpoint(const CheckpointPlace& place, int64_t step, Trainer& trainer,
                     const Json& state, const SaveOptions& options) {
  make_folder(place.folder);
  remove_leftovers(place.folder);
  write_state(place, step, trainer, state);
  if (trainer.has_ema()) {
    write_lora(raw_path(place, step), trainer, options);
    trainer.swap_ema();
    try {
      write_lora(place.lora(step), trainer, options);
    } catch (...) {
      trainer.swap_ema();
      throw;
    }
    trainer.swap_ema();
  } else {
    write_lora(place.lora(step), trainer, options);
  }
  std::vector<int64_t> steps = checkpoint_steps(place);
  while (options.keep > 0 && static_cast<int64_t>(steps.size()) > options.keep) {
    remove_checkpoint(place, steps.front());
    steps.erase(steps.begin());
  }
}

std::vector<int64_t> checkpoint_steps(const CheckpointPlace& place) {
  std::vector<int64_t> steps;
  std::error_code ignored;
  const std::string prefix = place.name + "-", suffix = ".safetensors";
  for (const auto& entry : std::filesystem::directory_iterator(place.folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) { continue; }
    const std::string digits = name.substr(
        prefix.size(), name.size() - std::min(name.size(), prefix.size() + suffix.size()));
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) { continue; }
    const int64_t step = std::stoll(digits);
    if (std::filesystem::exists(place.state(step) / "state.json")) { steps.push_back(step); }
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::optional<Json> load_checkpoint(const CheckpointPlace& place, int64_t at_most,
                                    Trainer& trainer) {
  std::vector<int64_t> steps = checkpoint_steps(place);
  std::erase_if(steps, [at_most](int64_t step) { return step > at_most; });
  if (steps.empty()) { return std::nullopt; }
  const std::filesystem::path folder = place.state(steps.back());
  try {
    trainer.load_state(load_tensors(folder / "tensors.safetensors"));
    return read_json(folder / "state.json");
  } catch (Error& error) {
    error.where(folder.string());
    throw;
  }
}

}  // namespace lorarun::train
