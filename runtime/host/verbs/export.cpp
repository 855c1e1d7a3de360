// lorarun export MODEL OUT [--dtype D]: the whole model in diffusers layout, weights and all.
//
// For a base whose weights are a function of a seed (random.json) this writes
// the files that other programs need; for any other it changes the data type.

#include <iostream>

#include "runtime/base/files.h"
#include "runtime/host/arguments.h"
#include "runtime/host/registry.h"
#include "runtime/models/registry.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensor_file.h"

namespace lorarun::host {

namespace {

// Configs, tokenizers, schedulers: all that is neither weights nor a seed.
void copy_texts(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "random.json" || name.ends_with(".safetensors") ||
        name.ends_with(".safetensors.index.json")) {
      continue;
    }
    write_atomically(to / fs::relative(entry.path(), from), read_text(entry.path()));
  }
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, {"--dtype"});
  if (arguments.plain().size() != 2) {
    throw Error("export needs a model folder and a folder to write")
        .where("the command line")
        .fix("lorarun export examples/quickstart/base /tmp/base");
  }
  const fs::path from = arguments.plain()[0], to = arguments.plain()[1];
  const nn::Placement placement{.dtype = dtype_from_name(arguments.value("--dtype", "float32"))};
  const auto model = models::open_model(from, "", {placement, placement, placement, false});
  copy_texts(from, to);
  for (const auto& [component, file] : model->weight_files()) {
    const NamedTensors weights = model->weights(component);
    save_tensors(to / file, weights, {{"format", "pt"}});
    std::cout << weights.size() << " tensors: " << (to / file).string() << std::endl;
  }
  return 0;
}

}  // namespace

VerbKind describe_export() {
  return {"writes a whole model in diffusers layout, weights and all",
          "export MODEL OUT [--dtype D]", run};
}

}  // namespace lorarun::host
