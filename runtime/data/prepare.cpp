#include "runtime/data/prepare.h"

#include <map>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/worker_pool.h"
#include "runtime/data/encode.h"
#include "runtime/io/npy.h"

namespace lorarun::data {
namespace {

std::string file_name(const Item& item) {
  return item.path.filename().string() + "_" + std::to_string(item.bucket_w) + "x" +
         std::to_string(item.bucket_h) + (item.flipped ? "_flipped" : "") + ".npy";
}

// Repeats of one picture share a file.
std::map<std::string, const Item*> by_file(const Dataset& dataset) {
  std::map<std::string, const Item*> files;
  for (const Item& item : dataset.items) { files.emplace(file_name(item), &item); }
  return files;
}

}  // namespace

Prepared prepare_pictures(const Dataset& dataset, const std::filesystem::path& out) {
  make_folder(out);
  const auto files = by_file(dataset);
  const std::vector<std::pair<std::string, const Item*>> list(files.begin(), files.end());
  std::vector<std::string> problems(list.size());
  parallel_for(static_cast<int64_t>(list.size()), [&](int64_t i) {
    const auto& [name, item] = list[static_cast<size_t>(i)];
    Image image;
    try {
      image = prepared_image(*item);
    } catch (const Error& error) {
      problems[static_cast<size_t>(i)] = item->path.filename().string() + ": " + error.headline();
      return;
    }
    write_npy(out / name, {image.height, image.width, 3}, image.rgb);
  });
  Prepared result;
  for (const std::string& problem : problems) {
    if (problem.empty()) {
      ++result.written;
    } else {
      result.broken.push_back(problem);
    }
  }
  return result;
}

}  // namespace lorarun::data
