// The source tree as the house tests see it: files, their includes, and the
// rooms of CMakeLists.txt with everything below each of them.

#pragma once

#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/base/files.h"

namespace lorarun::house {

inline const fs::path kRoot = LORARUN_SOURCE_DIR;

// Paths relative to the root of everything that git knows; empty outside a clone.
inline std::vector<std::string> tracked_files() {
  const std::string command = "git -C '" + kRoot.string() + "' ls-files -z 2>/dev/null";
  std::string listing;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    char buffer[4096];
    while (const size_t got = ::fread(buffer, 1, sizeof buffer, pipe)) {
      listing.append(buffer, got);
    }
    ::pclose(pipe);
  }
  std::vector<std::string> files;
  std::istringstream names(listing);
  for (std::string name; std::getline(names, name, '\0');) {
    if (fs::is_regular_file(kRoot / name)) { files.push_back(name); }
  }
  return files;
}

// Paths relative to the root of the files below `folder` with one of `extensions`.
inline std::vector<std::string> files_below(const std::string& folder,
                                            const std::set<std::string>& extensions) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    if (extensions.count(entry.path().extension().string())) {
      files.push_back(fs::relative(entry.path(), kRoot).string());
    }
  }
  return files;
}

inline const std::set<std::string> kCode = {".h", ".cuh", ".cpp", ".cu"};

inline std::vector<std::string> room_sources() {
  std::vector<std::string> files = files_below("runtime", kCode);
  for (const std::string& file : files_below("kernels", kCode)) { files.push_back(file); }
  return files;
}

struct Include {
  std::string file;
  int line = 0;
  std::string target;  // without quotes or angle brackets
};

inline std::vector<Include> includes_of(const std::string& file) {
  std::vector<Include> found;
  std::istringstream text(read_text(kRoot / file));
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    if (!line.starts_with("#include ")) { continue; }
    const size_t from = line.find_first_of("\"<");
    const size_t to = line.find_first_of("\">", from + 1);
    if (to == std::string::npos) { continue; }
    found.push_back({file, number, line.substr(from + 1, to - from - 1)});
  }
  return found;
}

struct Room {
  std::set<std::string> uses;  // named by the room itself
  bool torch = false;
};

// Reads the lorarun_room(NAME [TORCH] [USES a b …] …) lines: the same lines that decide what links.
inline std::map<std::string, Room> rooms() {
  std::map<std::string, Room> all;
  std::istringstream text(read_text(kRoot / "CMakeLists.txt"));
  for (std::string line; std::getline(text, line);) {
    const size_t at = line.find("lorarun_room(");
    if (at == std::string::npos) { continue; }
    std::istringstream words(line.substr(at + 13, line.find(')', at) - at - 13));
    std::string name, word, list;
    words >> name;
    Room& room = all[name];
    while (words >> word) {
      if (word == "TORCH") {
        room.torch = true;
      } else if (word == "USES" || word == "LIBRARIES" || word == "FOLDER" || word == "REGISTRY" ||
                 word == "REGISTRY_FOLDER") {
        list = word;
      } else if (list == "USES") {
        room.uses.insert(word);
      }
    }
  }
  return all;
}

// The rooms that `name` may include: itself and all that lie below it.
inline std::set<std::string> reach(const std::map<std::string, Room>& all,
                                   const std::string& name) {
  std::set<std::string> seen = {name};
  for (const std::string& below : all.at(name).uses) { seen.merge(reach(all, below)); }
  return seen;
}

// "runtime/io/image.h" -> "io", "kernels/ema.h" -> "kernels"; anything else -> "".
inline std::string room_of(const std::string& path) {
  if (path.starts_with("kernels/")) { return "kernels"; }
  if (!path.starts_with("runtime/")) { return ""; }
  const size_t end = path.find('/', 8);
  return end == std::string::npos ? "" : path.substr(8, end - 8);
}

}  // namespace lorarun::house
