// lorarun export MODEL OUT [--weights FILE]… [--dtype D]: the whole model in diffusers layout.
//
// For a base whose weights are a function of a seed (random.json) this writes
// the files that other programs need; for any other it changes the data type.
// --weights puts in what a run with `network = full {}` trained: a checkpoint
// file of that run, or several of different components.

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

// The tensor of the model that a checkpoint's name means: "<component>.<name>".
Tensor weight_in(models::Model& model, const std::string& name, const std::string& file) {
  const size_t dot = name.find('.');
  const std::string component = name.substr(0, dot);
  if (dot == std::string::npos || !model.weight_files().contains(component)) {
    throw Error("'" + name + "' is no weight of this model")
        .where(file)
        .fix(
            "give a checkpoint of a run with network = full {}; a LoRA is used by lorarun sample "
            "--lora");
  }
  const auto weights = model.weights(component);
  const auto at = weights.find(name.substr(dot + 1));
  if (at == weights.end()) {
    throw Error("the model has no weight '" + name + "'")
        .where(file)
        .fix("give the base that the run was trained on");
  }
  return at->second;
}

// Replaces the model's weights by those of the file; all are compared before any is changed.
size_t put_weights(models::Model& model, const std::string& file) {
  const NamedTensors trained = load_tensors(file);
  std::vector<std::pair<Tensor, Tensor>> pairs;
  for (const auto& [name, tensor] : trained) {
    const Tensor place = weight_in(model, name, file);
    if (place.sizes() != tensor.sizes()) {
      throw Error("'" + name + "' has shape " + shape_text(tensor.sizes()) + ", the model's is " +
                  shape_text(place.sizes()))
          .where(file)
          .fix("give the base that the run was trained on");
    }
    pairs.emplace_back(place, tensor);
  }
  for (auto& [place, tensor] : pairs) { place.set_data(tensor.to(place.scalar_type())); }
  return pairs.size();
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, {"--dtype", "--weights"});
  if (arguments.plain().size() != 2) {
    throw Error("export needs a model folder and a folder to write")
        .where("the command line")
        .fix("lorarun export examples/quickstart/base /tmp/base");
  }
  const std::vector<std::string> files = arguments.values("--weights");
  const fs::path from = arguments.plain()[0], to = arguments.plain()[1];
  const nn::Placement placement{.dtype = dtype_from_name(arguments.value("--dtype", "float32"))};
  const auto model = models::open_model(from, "", {placement, placement, placement, false});
  for (const std::string& file : files) {
    std::cout << put_weights(*model, file) << " tensors from " << file << std::endl;
  }
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
          "export MODEL OUT [--weights FILE]… [--dtype D]", run};
}

}  // namespace lorarun::host
