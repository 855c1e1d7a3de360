// The names of the bound classes, once.

#pragma once

#include <memory>

#include "runtime/bind/box.h"
#include "runtime/data/encode.h"
#include "runtime/data/loader.h"
#include "runtime/networks/network.h"
#include "runtime/train/trainer.h"

namespace lorarun::bind {

// A batch with the loader whose items it points into.
struct LoadedBatch {
  std::shared_ptr<data::Loader> loader;
  data::Batch batch;
};

// An optimizer over tensors of a script, with its groups.
struct ScriptOptimizer {
  std::vector<optim::Group> groups;
  std::unique_ptr<optim::Optimizer> optimizer;
  int64_t step = 0;
};

template <>
inline constexpr const char* kClass<models::Model> = "Model";
template <>
inline constexpr const char* kClass<models::TextEmbedding> = "Text";
template <>
inline constexpr const char* kClass<networks::Network> = "Network";
template <>
inline constexpr const char* kClass<data::Dataset> = "Dataset";
template <>
inline constexpr const char* kClass<data::Cache> = "Cache";
template <>
inline constexpr const char* kClass<data::Loader> = "Loader";
template <>
inline constexpr const char* kClass<LoadedBatch> = "Batch";
template <>
inline constexpr const char* kClass<ScriptOptimizer> = "Optimizer";
template <>
inline constexpr const char* kClass<train::Trainer> = "Trainer";

// Pushes {name = tensor, …}.
int push_named_tensors(lua_State* L, const std::map<std::string, Tensor>& tensors);
std::map<std::string, Tensor> check_named_tensors(lua_State* L, int argument);

}  // namespace lorarun::bind
