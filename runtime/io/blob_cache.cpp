#include "runtime/io/blob_cache.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace lorarun {
namespace {

constexpr size_t kKeyDigits = 64, kFolderDigits = 2;

bool is_key(const std::string& key) {
  return key.size() == kKeyDigits && key.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Beside `path`, and of no other thread or process.
fs::path temporary_beside(const fs::path& path) {
  static std::atomic<uint64_t> counter{0};
  fs::path temporary = path;
  temporary.replace_extension();
  temporary += ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  temporary += path.extension();
  return temporary;
}

// Removes what an interrupted writer left.
struct RemoveAtEnd {
  fs::path path;
  ~RemoveAtEnd() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

}  // namespace

BlobCache::BlobCache(fs::path folder, std::string extension)
    : folder_(std::move(folder)), extension_(std::move(extension)) {}

std::string BlobCache::key_of(std::initializer_list<std::string_view> parts) {
  Sha256 sum;
  for (const std::string_view part : parts) {
    sum.add(std::to_string(part.size())).add(":").add(part);
  }
  return sum.hex();
}

fs::path BlobCache::path_of(const std::string& key) const {
  LR_CHECK(is_key(key), "'" + key + "' is no key of a blob cache");
  return folder_ / key.substr(0, kFolderDigits) / (key.substr(kFolderDigits) + extension_);
}

bool BlobCache::has(const std::string& key) const {
  return fs::exists(path_of(key));
}

void BlobCache::put(const std::string& key, std::string_view bytes) const {
  put(key, [&](const fs::path& temporary) { write_atomically(temporary, bytes); });
}

void BlobCache::put(const std::string& key,
                    const std::function<void(const fs::path&)>& writer) const {
  const fs::path path = path_of(key);
  make_folder(path.parent_path());
  const RemoveAtEnd temporary{temporary_beside(path)};
  writer(temporary.path);
  std::error_code code;
  fs::rename(temporary.path, path, code);
  if (code) {
    throw Error("cannot put the file in its place: " + code.message())
        .where(path.string())
        .while_working();
  }
}

std::string BlobCache::get(const std::string& key) const {
  return read_text(path_of(key));
}

}  // namespace lorarun
