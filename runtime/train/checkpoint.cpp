#include "runtime/train/checkpoint.h"

#include <fcntl.h>

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

// A folder that is removed with what is still in it: "<path>.tmp-<pid>".
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& beside) : path_(beside) {
    path_ += ".tmp-" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    make_folder(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_lora(const std::filesystem::path& draft, const networks::Network& network,
                const SaveOptions& options) {
  const networks::LoraFile file = lora_of(network);
  networks::write_lora_file(draft, file, options.dialect, dtype_from_name(options.dtype),
                            options.metadata);
  if (options.self_check) { self_check(draft, file, options.dtype); }
}

// Whole weights under the names that `lorarun export --weights` reads: "<component>.<name>".
void write_whole(const std::filesystem::path& draft, const networks::Network& network,
                 const SaveOptions& options) {
  const at::ScalarType dtype = dtype_from_name(options.dtype);
  NamedTensors weights;
  for (const networks::Entry& entry : network.entries()) {
    for (const networks::NamedParameter& one : entry.module->named_parameters()) {
      weights[entry.component + "." + entry.target + "." + one.name] =
          one.tensor.detach().to(at::kCPU, dtype);
    }
  }
  save_tensors(draft, weights, options.metadata);
  if (!options.self_check) { return; }
  const NamedTensors read = load_tensors(draft);
  for (const auto& [name, tensor] : weights) {
    LR_CHECK(read.contains(name) && read.at(name).equal(tensor), "the file changed " + name);
  }
}

// The file gets its name only after the check.
void write_network(const std::filesystem::path& path, Trainer& trainer,
                   const SaveOptions& options) {
  const TemporaryFolder temporary(path);
  const std::filesystem::path draft = temporary.path() / path.filename();
  const networks::Network& network = trainer.network();
  network.is_whole() ? write_whole(draft, network, options) : write_lora(draft, network, options);
  std::filesystem::rename(draft, path);
  flush_folder(path.parent_path());
}

// EMA weights stand in the network while this lives.
class AveragedWeights {
 public:
  explicit AveragedWeights(Trainer& trainer) : trainer_(trainer) { trainer_.swap_ema(); }
  ~AveragedWeights() { trainer_.swap_ema(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  Trainer& trainer_;
};

// Moves a folder to its name; one that stands there changes places with it in one go, so that a
// step saved again has a whole state at every moment.
void put_in_place(const std::filesystem::path& folder, const std::filesystem::path& name) {
  const int exchanged =
      ::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, name.c_str(), RENAME_EXCHANGE);
  if (exchanged == 0) { return; }
  std::filesystem::remove_all(name);
  std::filesystem::rename(folder, name);
}

// The state folder appears whole or not at all.
void write_state(const CheckpointPlace& place, int64_t step, const Trainer& trainer,
                 const Json& state) {
  const std::filesystem::path final_path = place.state(step);
  const TemporaryFolder temporary(final_path);
  save_tensors(temporary.path() / "tensors.safetensors", trainer.state());
  write_atomically(temporary.path() / "state.json", to_line(state));
  put_in_place(temporary.path(), final_path);
  flush_folder(place.folder);
}

void remove_checkpoint(const CheckpointPlace& place, int64_t step) {
  std::error_code ignored;  // the LoRA file first: without it the checkpoint does not exist
  std::filesystem::remove(place.lora(step), ignored);
  std::filesystem::remove(raw_path(place, step), ignored);
  std::filesystem::remove_all(place.state(step), ignored);
}

// The name of the LoRA file that a state folder or raw file belongs to; empty for other names.
std::string lora_name_of(const std::string& name) {
  for (const std::string suffix : {".state", ".raw.safetensors"}) {
    if (name.ends_with(suffix)) {
      return name.substr(0, name.size() - suffix.size()) + ".safetensors";
    }
  }
  return "";
}

// What a killed writer left: temporaries, and parts of a checkpoint whose LoRA file is not there.
// A run folder has one writer at a time.
void remove_leftovers(const CheckpointPlace& place) {
  std::error_code ignored;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(place.folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const std::string lora = lora_name_of(name);
    const bool temporary = name.find(".tmp-") != std::string::npos;
    const bool orphan = !lora.empty() && !std::filesystem::exists(place.folder / lora);
    if (name.starts_with(place.name + "-") && (temporary || orphan)) {
      leftovers.push_back(entry.path());
    }
  }
  for (const auto& path : leftovers) { std::filesystem::remove_all(path, ignored); }
}

// What `read` gives; a file that cannot be read is a damaged checkpoint.
template <typename Read>
auto readable(const Read& read, const std::filesystem::path& folder) {
  try {
    return read();
  } catch (Error& error) {
    error.where(folder.string());
    error.fix("the checkpoint is damaged: remove " + folder.string() +
              " to go on from the one before it");
    throw;
  }
}

// All but the pinned and the newest `keep` of the others.
void remove_old(const CheckpointPlace& place, const SaveOptions& options) {
  std::vector<int64_t> steps = checkpoint_steps(place);
  std::erase_if(steps, [&](int64_t step) {
    return std::find(options.pinned.begin(), options.pinned.end(), step) != options.pinned.end();
  });
  while (options.keep > 0 && static_cast<int64_t>(steps.size()) > options.keep) {
    remove_checkpoint(place, steps.front());
    steps.erase(steps.begin());
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
  remove_leftovers(place);
  write_state(place, step, trainer, state);
  if (trainer.has_ema()) {
    write_network(raw_path(place, step), trainer, options);
    const AveragedWeights averaged(trainer);
    write_network(place.lora(step), trainer, options);
  } else {
    write_network(place.lora(step), trainer, options);
  }
  remove_old(place, options);
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
  remove_leftovers(place);
  std::vector<int64_t> steps = checkpoint_steps(place);
  std::erase_if(steps, [at_most](int64_t step) { return step > at_most; });
  if (steps.empty()) { return std::nullopt; }
  const std::filesystem::path folder = place.state(steps.back());
  const Json state = readable([&] { return read_json(folder / "state.json"); }, folder);
  const NamedTensors tensors =
      readable([&] { return load_tensors(folder / "tensors.safetensors"); }, folder);
  try {
    trainer.load_state(tensors);
  } catch (Error& error) {
    error.where(folder.string());
    throw;
  }
  return state;
}

}  // namespace lorarun::train
