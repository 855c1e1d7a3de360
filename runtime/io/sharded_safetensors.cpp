#include <algorithm>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/nearest.h"
#include "runtime/io/safetensors.h"

namespace lorarun {
namespace {

// The first names of a folder, for an error about what is not in it.
std::string listing(const fs::path& folder) {
  constexpr size_t kShown = 12;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string() + (entry.is_directory() ? "/" : ""));
  }
  std::ranges::sort(names);
  const size_t total = names.size();
  if (total == 0) { return "the folder is empty"; }
  names.resize(std::min(total, kShown));
  return "the folder holds " + join(names, ", ") + (total > kShown ? ", …" : "");
}

[[noreturn]] void nothing_there(const fs::path& folder, const std::string& stem) {
  if (!fs::is_directory(folder)) {
    throw Error("the folder with " + stem + ".safetensors is not there")
        .where(folder.string())
        .fix("check the model's path, and that the download is complete");
  }
  const bool pickled =
      fs::exists(folder / (stem + ".bin")) || fs::exists(folder / "pytorch_model.bin");
  throw Error("no weights: neither " + stem + ".safetensors nor " + stem +
              ".safetensors.index.json is there")
      .where(folder.string())
      .fix(pickled ? "the folder holds pickled weights (.bin); fetch the safetensors release of "
                     "the model"
                   : listing(folder));
}

bool is_inside(const fs::path& shard) {
  return shard.is_relative() && !shard.empty() && std::ranges::find(shard, "..") == shard.end();
}

// The index: tensor name -> file name.
std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const Json json = read_json(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw Error("the index has no weight_map").where(index.string()).fix("download it again");
  }
  std::map<std::string, std::string> map;
  for (const auto& [name, shard] : json["weight_map"].items()) {
    if (!shard.is_string() || !is_inside(shard.get<std::string>())) {
      throw Error("the index points outside of its folder: '" + name + "' is said to be in " +
                  shard.dump())
          .where(index.string())
          .fix("do not use this model: a sound index names files beside it");
    }
    map.emplace(name, shard.get<std::string>());
  }
  return map;
}

std::shared_ptr<const SafetensorsFile> open_shard(const fs::path& index, const std::string& shard,
                                                  size_t shards) {
  const fs::path path = index.parent_path() / shard;
  if (fs::exists(path)) { return SafetensorsFile::open(path); }
  throw Error("the shard " + shard + " is missing (the index lists " + std::to_string(shards) + ")")
      .where(index.string())
      .fix("finish the download of the model");
}

}  // namespace

std::shared_ptr<const ShardedSafetensors> ShardedSafetensors::open(const fs::path& folder,
                                                                   const std::string& stem) {
  std::shared_ptr<ShardedSafetensors> all(new ShardedSafetensors());
  const fs::path single = folder / (stem + ".safetensors");
  const fs::path index = folder / (stem + ".safetensors.index.json");
  if (fs::exists(single)) {
    all->files_ = {SafetensorsFile::open(single)};
    all->tensors_ = all->files_[0]->tensors();
    return all;
  }
  if (!fs::exists(index)) { nothing_there(folder, stem); }
  all->open_index(index);
  return all;
}

void ShardedSafetensors::open_index(const fs::path& index) {
  const auto weight_map = read_weight_map(index);
  std::set<std::string> names;
  for (const auto& [tensor, shard] : weight_map) { names.insert(shard); }
  std::map<std::string, std::shared_ptr<const SafetensorsFile>> shards;
  for (const std::string& name : names) { shards[name] = open_shard(index, name, names.size()); }
  for (const auto& [name, shard] : weight_map) {
    const TensorView* view = shards[shard]->find(name);
    if (view == nullptr) {
      throw Error("tensor '" + name + "' is not in " + shard + ", where the index puts it")
          .where(index.string())
          .fix("index and shards are of different models: download all of them again");
    }
    tensors_.push_back(*view);  // the map's order is the order of names
  }
  for (const auto& [name, file] : shards) { files_.push_back(file); }
}

}  // namespace lorarun
