#include "runtime/data/hold_out.h"

#include <algorithm>
#include <map>
#include <set>

#include "kernels/keyed_random.h"
#include "runtime/base/error.h"

namespace lorarun::data {
namespace {

// Files of the sets that are not prior ones, in the data set's order.
std::vector<std::filesystem::path> pictures_of(const Dataset& dataset) {
  std::vector<std::filesystem::path> pictures;
  std::set<std::filesystem::path> seen;
  for (const Item& item : dataset.items) {
    if (dataset.sets[static_cast<size_t>(item.set)].prior) { continue; }
    if (seen.insert(item.path).second) { pictures.push_back(item.path); }
  }
  return pictures;
}

std::set<std::filesystem::path> choose(const Dataset& dataset, int64_t count, uint64_t seed) {
  const std::vector<std::filesystem::path> pictures = pictures_of(dataset);
  const auto all = static_cast<int64_t>(pictures.size());
  if (count >= all) {
    throw Error("evaluate.holdout takes " + std::to_string(count) + " of " + std::to_string(all) +
                " pictures: nothing is left to train on")
        .fix("hold out fewer pictures, or measure on a folder of their own: evaluate.dir");
  }
  std::set<std::filesystem::path> chosen;
  const std::vector<int64_t> order = keyed_permutation(seed, "holdout", 0, all);
  for (int64_t i = all - count; i < all; ++i) {
    chosen.insert(pictures[static_cast<size_t>(order[static_cast<size_t>(i)])]);
  }
  return chosen;
}

void count_buckets(Dataset& dataset) {
  std::map<std::string, int64_t> counts;
  for (const Item& item : dataset.items) {
    ++counts[std::to_string(item.bucket_w) + "x" + std::to_string(item.bucket_h)];
  }
  dataset.report.buckets.assign(counts.begin(), counts.end());
}

}  // namespace

Dataset hold_out(Dataset& dataset, int64_t pictures, uint64_t seed) {
  const std::set<std::filesystem::path> chosen = choose(dataset, pictures, seed);
  Dataset held{.sets = dataset.sets, .hash = dataset.hash};
  std::vector<Item> left;
  std::set<std::pair<std::filesystem::path, std::pair<int64_t, int64_t>>> seen;
  for (const Item& item : dataset.items) {
    if (!chosen.contains(item.path)) {
      left.push_back(item);
    } else if (!item.flipped && seen.insert({item.path, {item.bucket_w, item.bucket_h}}).second) {
      held.items.push_back(item);
    }
  }
  dataset.items = std::move(left);
  count_buckets(dataset);
  count_buckets(held);
  held.report.pictures = pictures;
  dataset.report.pictures -= pictures;
  return held;
}

}  // namespace lorarun::data
