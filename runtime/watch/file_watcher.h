// Which files were saved since the last look.
//
// Editors do not write into a file: they write another one and rename it over the
// first.  So the watch stands on the folders, and the files are told by name:
//
//   inotify on folders --events--> dirty files --200 ms quiet--> content hash --> changed()
//        poll of stat() every 2 s --^            (file systems without events: NFS)
//
// Nothing runs in the background: changed() reads what the kernel has queued and
// gives at once an empty list, for about a microsecond, when nothing happened.
// The quiet is counted from the file's own change time, not from the call, so a
// caller that looks once in ten seconds learns of a save at its next look.
//
// Invariant: a file is reported when its content is other than what was reported
// last (or than what it was when the watch began); a touch, a save of the same
// bytes, and a delete that is undone within the quiet are nothing.

#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/clock.h"

namespace lorarun::watch {

namespace fs = std::filesystem;

struct FileWatcherOptions {
  double quiet_s = 0.2;  // a file is read when nothing happened to it for this long
  double poll_s = 2.0;   // between two looks at size and time of all files
  bool notify = true;    // false: polls only, as on file systems without events
  std::function<double()> now_s = unix_now_s;  // the clock that file times are written with
};

class FileWatcher {
 public:
  explicit FileWatcher(const std::vector<std::string>& files, FileWatcherOptions options = {});
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  // Gives the files whose content changed, as they were named, in order; a file that is gone counts
  // as changed once.  Never blocks and never throws for what happens to files.
  std::vector<std::string> changed();

  // Watches these files from now on.  What is known of files that stay is kept.
  void set(const std::vector<std::string>& files);

  // False when the kernel gives no events (none left, or not wanted): the poll alone finds changes.
  bool notified() const { return queue_ >= 0; }

 private:
  // What stat() says; another stamp means that the content may be another.
  struct Stamp {
    uint64_t device = 0, inode = 0, bytes = 0;
    int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct File {
    fs::path path;                    // absolute
    std::set<fs::path> hops;          // the path, and what it links to, one by one
    std::optional<std::string> hash;  // of the content reported last; none: the file was gone
    std::optional<Stamp> stamp;       // when it was read last
    bool dirty = false;
    double touched_s = 0;  // when something last happened to it, as far as is known
  };

  using Folders = std::map<fs::path, int>;  // watch descriptors

  static std::optional<Stamp> stamp_of(const fs::path& path);
  File begin(const std::string& name) const;
  void touch(File& file);
  void touch_folder(const fs::path& folder);
  void touch_named(const fs::path& path);
  void read_events();
  void handle(int watch, uint32_t what, const char* name);
  void poll();
  void watch_folders();
  Folders::iterator forget_folder(Folders::iterator at);
  bool settle(File& file);

  FileWatcherOptions options_;
  int queue_ = -1;
  std::map<std::string, File> files_;
  std::vector<std::string> order_;
  Folders folders_;
  double polled_s_ = 0;
  bool any_dirty_ = false;
};

}  // namespace lorarun::watch
