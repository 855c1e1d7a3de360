// Kinds by name.  The name of a kind is the name of its file; CMake lists the
// folder and generates the function that fills the registry
// (runtime/cmake/rooms.cmake), so adding a file is all that it takes.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace lorarun {

template <typename Kind>
class Registry {
 public:
  void add(const std::string& name, Kind kind) { kinds_.emplace(name, std::move(kind)); }

  const Kind* find(const std::string& name) const {
    const auto at = kinds_.find(name);
    return at == kinds_.end() ? nullptr : &at->second;
  }

  // Gives the kind; `noun` ("network", "optimizer") is for the error's text.
  const Kind& get(const std::string& name, const std::string& noun) const {
    if (const Kind* kind = find(name)) { return *kind; }
    throw Error("no " + noun + " named '" + name + "'").fix(name, names(), noun + "s");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, kind] : kinds_) { all.push_back(name); }
    return all;
  }

 private:
  std::map<std::string, Kind> kinds_;
};

}  // namespace lorarun
