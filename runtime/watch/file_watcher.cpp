#include "runtime/watch/file_watcher.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/files.h"
#include "runtime/base/hash.h"

namespace lorarun::watch {

namespace {

constexpr uint32_t kSaved = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;
constexpr uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;
constexpr int kMostLinks = 40;

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

fs::path absolute_path(const std::string& name) {
  return fs::absolute(name).lexically_normal();
}

// The path itself, and every path that a chain of links goes over.
std::set<fs::path> hops_of(const fs::path& path) {
  std::set<fs::path> hops = {path};
  fs::path at = path;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code problem;
    const fs::path target = fs::read_symlink(at, problem);
    if (problem) { break; }
    at = (at.parent_path() / target).lexically_normal();
    hops.insert(at);
  }
  return hops;
}

// When the file, or the folder that it is gone from, last changed; none when there is neither.
std::optional<double> change_time_s(const fs::path& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) == 0) { return seconds_of(facts.st_ctim); }
  if (::stat(path.parent_path().c_str(), &facts) == 0) { return seconds_of(facts.st_mtim); }
  return std::nullopt;
}

std::optional<std::string> hash_of(const fs::path& path) {
  try {
    return sha256_hex(read_text(path));
  } catch (const Error&) { return std::nullopt; }
}

}  // namespace

FileWatcher::FileWatcher(const std::vector<std::string>& files, FileWatcherOptions options)
    : options_(std::move(options)) {
  if (options_.notify) { queue_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }
  set(files);
}

FileWatcher::~FileWatcher() {
  if (queue_ >= 0) { ::close(queue_); }
}

std::optional<FileWatcher::Stamp> FileWatcher::stamp_of(const fs::path& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) { return std::nullopt; }
  return Stamp{facts.st_dev, facts.st_ino, static_cast<uint64_t>(facts.st_size),
               facts.st_mtim.tv_sec * int64_t{1'000'000'000} + facts.st_mtim.tv_nsec};
}

FileWatcher::File FileWatcher::begin(const std::string& name) const {
  File file;
  file.path = absolute_path(name);
  file.hops = hops_of(file.path);
  file.stamp = stamp_of(file.path);
  file.hash = hash_of(file.path);
  return file;
}

void FileWatcher::set(const std::vector<std::string>& files) {
  std::map<std::string, File> kept;
  order_.clear();
  for (const std::string& name : files) {
    if (kept.contains(name)) { continue; }
    const auto known = files_.find(name);
    kept.emplace(name, known == files_.end() ? begin(name) : std::move(known->second));
    order_.push_back(name);
  }
  files_ = std::move(kept);
  watch_folders();
  polled_s_ = options_.now_s();
}

// Puts a watch on each folder that has none; drops those of folders no longer needed.
void FileWatcher::watch_folders() {
  if (queue_ < 0) { return; }
  std::set<fs::path> needed;
  for (const auto& [name, file] : files_) {
    for (const fs::path& hop : file.hops) { needed.insert(hop.parent_path()); }
  }
  for (auto at = folders_.begin(); at != folders_.end();) {
    at = needed.contains(at->first) ? std::next(at) : forget_folder(at);
  }
  for (const fs::path& folder : needed) {
    if (folders_.contains(folder)) { continue; }
    const int watch =
        inotify_add_watch(queue_, folder.c_str(), kSaved | IN_DELETE_SELF | IN_MOVE_SELF);
    if (watch < 0) { continue; }  // the poll tries again
    folders_[folder] = watch;
    touch_folder(folder);  // what happened while nobody watched
  }
}

// Ends the watch of a folder, unless another path leads to the same folder.
FileWatcher::Folders::iterator FileWatcher::forget_folder(Folders::iterator at) {
  const int watch = at->second;
  const auto next = folders_.erase(at);
  const bool shared =
      std::ranges::any_of(folders_, [&](const auto& entry) { return entry.second == watch; });
  if (!shared) { inotify_rm_watch(queue_, watch); }
  return next;
}

void FileWatcher::touch(File& file) {
  file.dirty = any_dirty_ = true;
  file.touched_s = options_.now_s();
  file.hops = hops_of(file.path);
}

void FileWatcher::touch_folder(const fs::path& folder) {
  for (auto& [name, file] : files_) {
    const bool inside = std::ranges::any_of(
        file.hops, [&](const fs::path& hop) { return hop.parent_path() == folder; });
    if (inside && stamp_of(file.path) != file.stamp) { touch(file); }
  }
}

void FileWatcher::touch_named(const fs::path& path) {
  for (auto& [name, file] : files_) {
    if (file.hops.contains(path)) { touch(file); }
  }
}

void FileWatcher::handle(int watch, uint32_t what, const char* name) {
  if (what & IN_Q_OVERFLOW) {
    for (auto& [key, file] : files_) { touch(file); }
    return;
  }
  for (auto at = folders_.begin(); at != folders_.end();) {
    const auto [folder, descriptor] = *at;
    const bool gone = descriptor == watch && (what & kFolderGone);
    at = gone ? forget_folder(at) : std::next(at);
    if (gone) { touch_folder(folder); }
    if (descriptor == watch && !gone && name) { touch_named(folder / name); }
  }
}

void FileWatcher::read_events() {
  alignas(inotify_event) char buffer[16384];
  while (queue_ >= 0) {
    const ssize_t bytes = ::read(queue_, buffer, sizeof buffer);
    if (bytes <= 0) { return; }
    for (ssize_t at = 0; at < bytes;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      handle(event->wd, event->mask, event->len > 0 ? event->name : nullptr);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
    }
  }
}

void FileWatcher::poll() {
  const double now = options_.now_s();
  if (now >= polled_s_ && now - polled_s_ < options_.poll_s) { return; }
  polled_s_ = now;
  watch_folders();
  for (auto& [name, file] : files_) {
    if (!file.dirty && stamp_of(file.path) != file.stamp) { touch(file); }
  }
}

// Reads a quiet file; true when its content is another.  A file that changes under the reading
// stays dirty.
bool FileWatcher::settle(File& file) {
  const auto stamp = stamp_of(file.path);
  auto hash = hash_of(file.path);
  if (stamp_of(file.path) != stamp) {
    touch(file);
    return false;
  }
  file.dirty = false;
  file.stamp = stamp;
  const bool is_other = hash != file.hash;
  file.hash = std::move(hash);
  return is_other;
}

std::vector<std::string> FileWatcher::changed() {
  read_events();
  poll();
  if (!any_dirty_) { return {}; }
  watch_folders();  // a link may lead to another folder now
  const double now = options_.now_s();
  for (const auto& [name, file] : files_) {
    if (!file.dirty) { continue; }
    const auto time = change_time_s(file.path);
    const double touched = time && *time <= file.touched_s ? *time : file.touched_s;
    if (now - touched < options_.quiet_s) { return {}; }
  }
  any_dirty_ = false;
  std::vector<std::string> names;
  for (const std::string& name : order_) {
    File& file = files_.at(name);
    if (file.dirty && settle(file)) { names.push_back(name); }
  }
  return names;
}

}  // namespace lorarun::watch
