#include "runtime/data/content_index.h"

#include <sys/stat.h>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/hash.h"
#include "runtime/base/json.h"

namespace lorarun::data {
namespace {

std::string key_of(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).string();
}

}  // namespace

ContentIndex::Known ContentIndex::state_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    throw Error("cannot read the file").where(path.string());
  }
  return {info.st_size, int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec, ""};
}

ContentIndex::ContentIndex(std::filesystem::path file) : file_(std::move(file)) {
  if (file_.empty() || !std::filesystem::exists(file_)) { return; }
  try {
    const Json all = read_json(file_);
    for (const auto& [path, entry] : all.items()) {
      known_[path] = {entry.at(0).get<int64_t>(), entry.at(1).get<int64_t>(),
                      entry.at(2).get<std::string>()};
    }
  } catch (const std::exception&) {
    known_.clear();
  }  // an index is a convenience: a broken one is made anew
}

bool ContentIndex::knows(const std::filesystem::path& path) {
  const Known now = state_of(path);
  const std::lock_guard lock(guard_);
  const auto at = known_.find(key_of(path));
  return at != known_.end() && at->second.bytes == now.bytes &&
         at->second.changed_ns == now.changed_ns;
}

std::string ContentIndex::hash_of(const std::filesystem::path& path) {
  if (knows(path)) {
    const std::lock_guard lock(guard_);
    return known_.at(key_of(path)).hash;
  }
  Known entry = state_of(path);
  entry.hash = sha256_of_file(path);
  const std::lock_guard lock(guard_);
  known_[key_of(path)] = entry;
  changed_ = true;
  return entry.hash;
}

void ContentIndex::forget(const std::filesystem::path& path) {
  const std::lock_guard lock(guard_);
  changed_ = known_.erase(key_of(path)) > 0 || changed_;
}

void ContentIndex::save() const {
  if (file_.empty() || !changed_) { return; }
  Json all = Json::object();
  for (const auto& [path, entry] : known_) {
    all[path] = {entry.bytes, entry.changed_ns, entry.hash};
  }
  write_atomically(file_, to_line(all));
}

}  // namespace lorarun::data
