// Finds the family that a folder belongs to, or says in words what the folder is.

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/nearest.h"
#include "runtime/models/registry.h"

namespace lorarun::models {
namespace {

std::string known_families() {
  return "families here: " + join(registry().names(), ", ");
}

// "StableDiffusionXLPipeline" of model_index.json, or "" where there is none.
std::string pipeline_class(const fs::path& folder) {
  const fs::path index = folder / "model_index.json";
  return fs::exists(index) ? read_json(index).value("_class_name", "") : "";
}

[[noreturn]] void refuse_missing(const fs::path& folder) {
  const bool is_file = fs::is_regular_file(folder);
  throw Error(is_file ? "the model is a file, not a folder" : "there is no model folder")
      .where(folder.string())
      .fix("give a folder in diffusers layout: the one with model_index.json");
}

[[noreturn]] void refuse_unknown(const fs::path& folder) {
  const std::string found = pipeline_class(folder);
  if (found.empty()) {
    throw Error("this folder has no model_index.json that names its pipeline")
        .where(folder.string())
        .fix("give the root of a diffusers folder; " + known_families());
  }
  throw Error("this is a " + found + ", a model of another family")
      .where((folder / "model_index.json").string())
      .fix(known_families());
}

const FamilyKind& family_of(const fs::path& folder) {
  for (const std::string& name : registry().names()) {
    const FamilyKind& kind = *registry().find(name);
    if (kind.recognises(folder)) { return kind; }
  }
  refuse_unknown(folder);
}

}  // namespace

std::unique_ptr<Model> open_model(const fs::path& folder, const std::string& family,
                                  const LoadOptions& options) {
  if (!fs::is_directory(folder)) { refuse_missing(folder); }
  if (family.empty()) { return family_of(folder).load(folder, options); }
  const FamilyKind& kind = registry().get(family, "model family");
  if (!kind.recognises(folder)) { refuse_unknown(folder); }
  return kind.load(folder, options);
}

}  // namespace lorarun::models
